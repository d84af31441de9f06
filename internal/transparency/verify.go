package transparency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
)

// maxFile bounds what is read of a report's file, in bytes.
const maxFile = 64 << 20

// Check verifies a report without its maker.
type Check struct {
	Dir      fs.FS // the report's files, its openings, and in before/ the edition that it replaces
	Log      audit.LogReader
	Trust    audit.Trust    // whose signature on the log counts
	Keys     note.Verifiers // whose signature on reports counts
	TempDir  string
	Progress func(what string, done, total uint64) // if not nil
}

// Verified is what a successful check found.
type Verified struct {
	Report   *Report
	Entries  uint64 // of the log, all of them recomputed
	Openings int
	Figures  int
	Withheld int
}

// Run recomputes the report from the log and the openings and compares every byte.
// Its error is a *Finding or an *audit.Violation that names the first thing that is
// wrong; only nil means "verified".
func (c Check) Run(ctx context.Context) (out Verified, err error) {
	r, before, err := c.read()
	if err != nil {
		return out, err
	}
	log, begun, err := c.log(ctx, r)
	if err != nil {
		return out, err
	}
	b, opened, err := c.collect(ctx, r, log, begun)
	if err != nil {
		return out, err
	}
	if !r.Interim && b.end < micros(b.cutOff(r)) {
		return out, &Finding{Code: TooEarly, Reason: fmt.Sprintf("the checkpoint over %d entries was made before the books of %s closed: a later one must be used", r.Log.Size, r.Period)}
	}
	if err := c.recompute(b, r, before); err != nil {
		return out, err
	}
	out = Verified{Report: r, Entries: log.Size, Openings: opened}
	for _, t := range r.Tables {
		for _, l := range t.Lines {
			for _, n := range l.Cells {
				out.Figures++
				out.Withheld += b2i(n == nil)
			}
		}
	}
	return out, nil
}

// read reads the report, and the edition that it replaces, and verifies their
// seals.
func (c Check) read() (r, before *Report, err error) {
	r, _, err = c.sealed(".")
	if err != nil || r.Edition == 1 {
		return r, nil, err
	}
	before, raw, err := c.sealed("before")
	if err != nil {
		return r, nil, err
	}
	if Digest(raw) != r.Replaces || before.Period != r.Period || before.Edition != r.Edition-1 {
		return r, nil, &Finding{Code: NoEdition, File: ReportName, Reason: fmt.Sprintf("edition %d does not name the edition %d that lies beside it", r.Edition, before.Edition)}
	}
	return r, before, nil
}

func (c Check) sealed(dir string) (*Report, []byte, error) {
	sub, err := fs.Sub(c.Dir, dir)
	if err != nil {
		return nil, nil, err
	}
	files := map[string][]byte{}
	for _, name := range append(fileNames, SealName) {
		if files[name], err = readFile(sub, name); err != nil {
			return nil, nil, err
		}
	}
	seal, raw := files[SealName], files[ReportName]
	delete(files, SealName)
	r, err := ParseReport(raw)
	if err != nil {
		return nil, nil, err
	}
	if p, err := ParsePeriod(r.Period); err != nil || r.Edition < 1 || p.From().Format(time.DateOnly) != r.From || r.Rules.Check() != nil {
		return nil, nil, &Finding{Code: Malformed, File: ReportName, Reason: "period, edition or rules are not possible"}
	}
	return r, raw, r.OpenSeal(seal, files, c.Keys)
}

var fileNames = []string{ReportName, TableName, DSAName, EvidenceName, DefinitionsName, SchemaName}

func readFile(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Finding{Code: FileMissing, File: name, Reason: "the file is not there; give the folder with all files of the report"}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return audit.ReadLimited(f, name, maxFile, 0)
}

// log verifies the whole log, and that the report's checkpoint is a prefix of it.
// It gives what the log itself says that it lost.
func (c Check) log(ctx context.Context, r *Report) (audit.Checkpoint, []audit.EpochBegun, error) {
	opts := audit.VerifyOptions{TempDir: c.TempDir, Pinned: []audit.Checkpoint{r.Log.Checkpoint()}, Now: time.Now}
	if c.Progress != nil {
		opts.Progress = func(p audit.Progress) { c.Progress("verifying the log", p.Done, p.Size) }
	}
	found, err := audit.VerifyLog(ctx, c.Log, nil, c.Trust, opts)
	var v *audit.Violation
	if errors.As(err, &v) && (v.Breach == audit.Fork || v.Breach == audit.Rollback) {
		return audit.Checkpoint{}, nil, &Finding{Code: OtherLog, Reason: "the report names a checkpoint that this log does not continue", Err: err}
	}
	if err == nil && found.InGap > 0 {
		return audit.Checkpoint{}, nil, &Finding{Code: Lost, Reason: "the report was computed at a checkpoint that lies in a gap of the log: what it counted is lost, as the log says, and nobody can count it again"}
	}
	var begun []audit.EpochBegun
	for _, g := range found.Gaps {
		begun = append(begun, g.EpochBegun)
	}
	return found.Checkpoint.Checkpoint, begun, err
}

// collect reads the counted events with their openings, and looks for counted
// events behind the checkpoint that are from before the cut-off.
func (c Check) collect(ctx context.Context, r *Report, log audit.Checkpoint, begun []audit.EpochBegun) (*Book, int, error) {
	f, err := c.Dir.Open(OpeningsName)
	if err != nil {
		return nil, 0, &Finding{Code: FileMissing, File: OpeningsName, Reason: "the file is not there; who publishes the report gives it to those who verify (lerd report openings)"}
	}
	defer f.Close()
	from := &counting{Openings: ReadOpenings(f)}
	src := Source{Log: c.Log, Checkpoint: log, Openings: from, Epochs: begun, Trust: c.Trust}
	if c.Progress != nil {
		src.Progress = func(done, total uint64) { c.Progress("counting", done, total) }
	}
	b, err := collect(ctx, src, r.Log.Size)
	if err != nil {
		return nil, 0, err
	}
	if rest, err := from.From(ctx, log.Size, 1<<63-1); err != nil || len(rest) > 0 {
		return nil, 0, errors.Join(err, &Finding{Code: NotCounted, File: OpeningsName, Reason: "there are openings behind the end of the log"})
	}
	if b.late != nil && b.late.at < micros(b.cutOff(r)) {
		return nil, 0, &Finding{Code: Late, Index: b.late.index, Reason: fmt.Sprintf("entry %d happened before the cut-off and lies behind the checkpoint that was used: an older checkpoint than needed", b.late.index)}
	}
	return b, from.n, nil
}

// counting counts the openings that are read.
type counting struct {
	Openings
	n int
}

// From passes on.
func (c *counting) From(ctx context.Context, first, end uint64) ([]Opening, error) {
	out, err := c.Openings.From(ctx, first, end)
	c.n += len(out)
	return out, err
}

// cutOff is the time that stands in a report, as the rules give it.
func (b *Book) cutOff(r *Report) time.Time {
	p, _ := ParsePeriod(r.Period) // was read before
	cut := p.CutOff(r.Rules.CutOffDays)
	if at, err := time.Parse(time.RFC3339, r.CutOff); r.Interim && err == nil {
		cut = at
	}
	return cut
}

// recompute makes the report anew and compares every file.
func (c Check) recompute(b *Book, r, before *Report) error {
	p, err := ParsePeriod(r.Period)
	if err != nil {
		return err
	}
	o := Order{Period: p, Rules: r.Rules, Log: r.Log, Edition: r.Edition, Before: before, Digest: r.Replaces, Why: r.Why}
	if r.Interim {
		o.CutOff = b.cutOff(r)
	}
	again, err := b.Make(o)
	if err != nil {
		return err
	}
	if err := b.spare(o); err != nil {
		return err
	}
	files := again.Files()
	for _, name := range fileNames {
		have, err := readFile(c.Dir, name)
		if err != nil {
			return err
		}
		if !bytes.Equal(have, files[name]) {
			return &Finding{Code: Differs, File: name, Reason: again.difference(r)}
		}
	}
	return nil
}

// difference names the first figure that differs.
func (r *Report) difference(said *Report) string {
	for i := range r.Tables {
		t := &r.Tables[i]
		was := said.Table(t.ID)
		if was == nil {
			return fmt.Sprintf("the table %s is not there", t.ID)
		}
		for _, l := range t.Lines {
			for j, c := range t.Columns {
				if a, b := text(l.Cells[j]), text(was.Cell(l.Key, c)); a != b {
					return fmt.Sprintf("the report says %s where %s follows from the log, in %s, row %s, column %s", b, a, t.ID, l.Key, c)
				}
			}
		}
		if len(was.Lines) != len(t.Lines) {
			return fmt.Sprintf("the table %s has other rows", t.ID)
		}
	}
	if !reflect.DeepEqual(r.Gaps, said.Gaps) || !reflect.DeepEqual(r.Origins, said.Origins) {
		return fmt.Sprintf("the report names %d gaps of the log, and %d follow from it, or others", len(said.Gaps), len(r.Gaps))
	}
	return "it is not what follows from the log"
}

func text(n *int) string {
	v, status := cell(n)
	if n == nil {
		return status
	}
	return v
}

// spare finds openings of cases that are not counted, or of what happened behind
// the cut-off: they would show more than the figures need.
func (b *Book) spare(o Order) error {
	for i := range b.heads {
		until := int64(0) // the latest cut-off of a quarter in which the case is counted
		for _, q := range o.Period.Quarters() {
			s := o.span(q)
			if f := b.file(i, s); f.counts(s) {
				until = max(until, s.cut)
			}
		}
		for at := b.heads[i].first; at >= 0; at = b.marks[at].next {
			if m := &b.marks[at]; m.count != nil && m.at >= until {
				return &Finding{Code: NotCounted, Index: m.index, Reason: fmt.Sprintf("entry %d is opened and not counted", m.index)}
			}
		}
	}
	return nil
}

// Needed gives the entries whose openings a report needs, in order.
func (b *Book) Needed(o Order) []uint64 {
	var out []uint64
	for i := range b.heads {
		for _, q := range o.Period.Quarters() {
			s := o.span(q)
			if f := b.file(i, s); !f.counts(s) {
				continue
			}
			for at := b.heads[i].first; at >= 0; at = b.marks[at].next {
				if m := &b.marks[at]; m.kind.counts() && m.at < s.cut {
					out = append(out, m.index)
				}
			}
		}
	}
	return sorted(out)
}
