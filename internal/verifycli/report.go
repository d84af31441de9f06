package verifycli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/transparency"
)

// Report is the command that recomputes a public report.
type Report struct {
	Dir     string `arg:"" help:"Folder with the report's files and openings.tsv; the edition that it replaces lies in before/." type:"existingdir"`
	Log     string `help:"Folder with the exported log; log/ in the report's folder if not given." type:"path"`
	VKey    string `name:"vkey" help:"File with the log's verifier keys, one a line." required:"" type:"path"`
	RKey    string `name:"report-key" help:"File with the verifier key of the log's reports." required:"" type:"path"`
	TempDir string `help:"Where order records go that do not fit in memory; the system's place if not given." type:"path"`
	Quiet   bool   `short:"q" help:"Print no progress."`
}

// Run recomputes the report, prints what was checked, and fails with the first
// thing that differs.
func (c *Report) Run() error { return c.Check(context.Background(), os.Stdout, os.Stderr) }

// Check is Run with its writers.
func (c *Report) Check(ctx context.Context, out, progress io.Writer) error {
	trust, err := ReadTrust(c.VKey)
	if err != nil {
		return err
	}
	keys, err := readReportKeys(c.RKey)
	if err != nil {
		return err
	}
	if c.Quiet {
		progress = io.Discard
	}
	log := c.Log
	if log == "" {
		log = filepath.Join(c.Dir, "log")
	}
	show := NewProgress(progress)
	found, err := transparency.Check{Dir: audit.PlainDir(c.Dir), Log: audit.DirReader(log), Trust: trust, Keys: keys, TempDir: c.TempDir,
		Progress: func(what string, done, total uint64) { show.Show(what, int64(done), int64(total)) }}.Run(ctx)
	if err != nil {
		var f *transparency.Finding
		return Verdict(err, errors.As(err, &f) || Found(err))
	}
	r := found.Report
	_, err = fmt.Fprintf(out, "VERIFIED\nReport of %s, edition %d: %d figures, of which %d are withheld, follow from %d entries and %d openings, byte by byte.\nComputed at the checkpoint of %s, size %d, root %s\n",
		r.Period, r.Edition, found.Figures, found.Withheld, found.Entries, found.Openings, r.Log.Origin, r.Log.Size, r.Log.Root)
	if err == nil {
		_, err = fmt.Fprint(out, r.Missing())
	}
	return err
}

func readReportKeys(path string) (note.Verifiers, error) {
	text, err := readFile(path, maxKeys)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The verifier key of reports cannot be read from %s; name its file with --report-key.", path)
	}
	var list []note.Verifier
	for _, line := range strings.Fields(string(text)) {
		v, err := note.NewVerifier(line)
		if err != nil {
			return nil, fault.Because(fault.Invalid, err, "%s holds a line that is no verifier key.", path)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}
