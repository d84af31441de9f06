package verifycli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/oversight/dossier"
)

// Dossier is the command that checks the dossier of a case.
type Dossier struct {
	File      string   `arg:"" help:"The dossier, an .asice file." type:"existingfile"`
	TrustRoot []string `name:"trust-root" type:"existingfile" placeholder:"PEM" help:"Root certificates to trust for the seal."`
	VKey      string   `name:"vkey" help:"File with the log's verifier keys, one a line." required:"" type:"path"`
}

// Run verifies, prints what was checked, and fails with the first thing that is not as
// it should be.
func (c *Dossier) Run() error { return c.Check(os.Stdout) }

// Check is Run with its writer.
func (c *Dossier) Check(out io.Writer) error {
	trust, err := ReadTrust(c.VKey)
	if err != nil {
		return err
	}
	o := dossier.Options{Trust: trust, Now: time.Now().UTC()}
	for _, f := range c.TrustRoot {
		certs, err := cms.ReadCertsPEM(f)
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		o.Roots = append(o.Roots, certs...)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := dossier.Verify(f, info.Size(), o)
	if errors.Is(err, cms.ErrUntrusted) && !errors.Is(err, cms.ErrValidity) {
		return fault.New(fault.Invalid, "NOT VALID: %s If you hold that root, give it with --trust-root.", fault.Message(err))
	}
	if err != nil {
		return fmt.Errorf("NOT VALID: %w", err)
	}
	_, err = fmt.Fprintf(out, "VALID\nDossier of case %s (%s), made at %s by %s\nSealed by %s\n%d events proven under the log's checkpoint over %d entries of %s\n%d values and %d rows opened and compared, %d events not opened\nClosed facts of %d events opened and compared\n%s\n",
		r.Head.Ref, r.Head.Case, r.Head.Made.Format(time.RFC3339), r.Head.By, r.Signer, r.Head.Entries, r.Head.Size, r.Head.Log, r.Values, r.Rows, r.Unopened, r.Facts, documents(r))
	return err
}

// documents says how many there are, and which of them are not there.
func documents(r dossier.Report) string {
	said := fmt.Sprintf("%d documents", r.Documents)
	for _, x := range []struct {
		n   int
		why string
	}{{r.Erased, "erased, as the log says"}, {r.Harmful, "withheld as harmful, as the platform says"}, {r.Waiting, "withheld until it was examined, as the platform says"},
		{r.Altered, "no longer the file that was uploaded, as the platform says"}} {
		if x.n > 0 {
			said += fmt.Sprintf("; %d not in it: %s", x.n, x.why)
		}
	}
	return said
}
