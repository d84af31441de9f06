package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"lerd/bundle"
	"lerd/internal/export/columns"
	"lerd/internal/fault"
)

// ExportIDPattern is the form of an export id; it is also the bundle's file name.
var ExportIDPattern = regexp.MustCompile(`^EXP-[0-9]{4}-[0-9]{6,12}$`)

// Prepare writes the contents into the staging folder and gives the digest
// that the export.sealed event must commit to. When it was done before for the
// same contents, it gives that result without reading the records again; other
// contents under the same id are fault.Conflict.
func (m *Maker) Prepare(ctx context.Context, c Content) (p Prepared, err error) {
	defer fault.Wrap(&err, "prepare(%s)", c.Header.ExportID)
	normalise(&c)
	if err := checkContent(&c); err != nil {
		return Prepared{}, err
	}
	sum, err := headerSum(&c)
	if err != nil {
		return Prepared{}, err
	}
	dir := m.stagingDir(c.Header.ExportID)
	if s, err := loadStage(dir); err == nil {
		if s.HeaderSHA256 != sum {
			return Prepared{}, fault.New(fault.Conflict, "Another content was already prepared under this export id.")
		}
		return s.prepared(dir), nil
	}
	return m.prepareAnew(ctx, &c, sum)
}

func (m *Maker) prepareAnew(ctx context.Context, c *Content, sum string) (Prepared, error) {
	if err := os.MkdirAll(m.stagingRoot(), 0o700); err != nil {
		return Prepared{}, err
	}
	tmp, err := m.tmpName(c.Header.ExportID)
	if err != nil {
		return Prepared{}, err
	}
	st := &stager{dir: filepath.Join(m.stagingRoot(), tmp)}
	if err := os.Mkdir(st.dir, 0o700); err != nil {
		return Prepared{}, err
	}
	defer os.RemoveAll(st.dir) //nolint:errcheck // gone by rename, or swept later
	s := &stage{ExportID: c.Header.ExportID, HeaderSHA256: sum, Signer: c.Signer, Roots: c.Roots, PublishedAt: c.PublishedAt}
	if err := m.fill(ctx, c, st, s); err != nil {
		return Prepared{}, err
	}
	index, err := json.Marshal(s)
	if err != nil {
		return Prepared{}, err
	}
	if err := m.writeHidden(st.dir, stageIndex, func(w io.Writer) error { _, err := w.Write(index); return err }); err != nil {
		return Prepared{}, err
	}
	dir := m.stagingDir(s.ExportID)
	if err := os.RemoveAll(dir); err != nil { // what a killed process hid from this one
		return Prepared{}, err
	}
	if err := os.Rename(st.dir, dir); err != nil {
		return Prepared{}, err
	}
	return s.prepared(dir), nil
}

// fill writes every content file and completes the index.
func (m *Maker) fill(ctx context.Context, c *Content, st *stager, s *stage) error {
	w, err := st.records(ctx, c, m.canary)
	if err != nil {
		return err
	}
	s.Phones, s.IPs, s.Header, s.Absences = w.phones, w.ips, c.Header, w.absences()
	s.Header.Minimisation.RecordsDisclosed = w.phones + w.ips
	s.Header.Outcomes = slices.Clone(c.Header.Outcomes)
	w.bound.settle()
	s.Header.Result = settle(s.Header.Outcomes, w.bound.counts)
	outcomes, err := outcomesCSV(s.Header)
	if err != nil {
		return err
	}
	if err := st.add("data/records/outcomes.csv", "text/csv", outcomes); err != nil {
		return err
	}
	rows := int64(len(s.Header.Outcomes))
	st.files[len(st.files)-1].Rows = &rows
	records := slices.Clone(st.files)
	if err := st.custody(s.Header, records); err != nil {
		return err
	}
	papers := beginPapers(c, w, s, m.Version)
	err = st.described(c, w, s, records, m.Version)
	if err := papers.finish(st, err); err != nil {
		return err
	}
	s.Files = st.files
	return nil
}

// described writes what programs read beside the records: the graph of the case,
// the schemas, and export.json, which lists everything before it.
func (st *stager) described(c *Content, w *recordWriter, s *stage, records []staged, version string) error {
	graph, err := st.begin("data/case.jsonld", "application/ld+json")
	if err != nil {
		return err
	}
	if err := errors.Join(w.cases.write(graph, records, version), graph.finish(nil)); err != nil {
		return err
	}
	if err := st.schemas(); err != nil {
		return err
	}
	return st.exportJSON(s, c, slices.Clone(st.files), version)
}

func (st *stager) exportJSON(s *stage, c *Content, listed []staged, version string) error {
	doc := exportJSON{Schema: SchemaExport, BundleVersion: 1, Header: s.Header, Absences: s.Absences, Derivations: c.Derivations,
		Signer: c.Signer, Tool: Tool{Name: "lerd", Version: version}}
	for _, f := range listed {
		doc.Files = append(doc.Files, File{Path: f.Name, MediaType: f.MediaType, Bytes: f.Size,
			SHA256: hexOf(f.SHA256), Rows: f.Rows})
	}
	b, err := marshalPlain(doc)
	if err != nil {
		return err
	}
	return st.add("data/export.json", "application/json", b)
}

// marshalPlain writes indented JSON without HTML escapes.
func marshalPlain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

func (s *stage) prepared(dir string) Prepared {
	p := Prepared{ExportID: s.ExportID, Dir: dir, Phones: s.Phones, IPs: s.IPs, stage: s}
	if f := s.file("data/export.json"); f != nil {
		p.ExportJSONSHA256 = f.SHA256
	}
	return p
}

// headerSum names the contents, the time of making apart: a repeated Prepare
// comes at another time.
func headerSum(c *Content) (string, error) {
	h := c.Header
	h.GeneratedAt = time.Time{}
	b, err := json.Marshal(struct {
		H Header
		D []Derivation
		C Certificate
		S SignerID
	}{h, c.Derivations, c.Certificate, c.Signer})
	return hexOf(sha256.Sum256(b)), err
}

// normalise gives lists that are not there as empty, and times in UTC, so that
// the JSON has one form.
func normalise(c *Content) {
	h := &c.Header
	h.RuleViolations = list(h.RuleViolations)
	h.Redactions = list(h.Redactions)
	h.Approvals = list(h.Approvals)
	h.SourceSystems = list(h.SourceSystems)
	h.Limitations = list(h.Limitations)
	h.Custody = list(h.Custody)
	for i := range h.Custody {
		h.Custody[i].At = h.Custody[i].At.UTC()
	}
	slices.SortStableFunc(h.Custody, func(a, b Custody) int { return a.At.Compare(b.At) })
	h.Copy.Mark = bundle.Mark(h.Audit.EventID)
	h.Outcomes = list(h.Outcomes)
	for i := range h.Outcomes {
		o := &h.Outcomes[i]
		o.Reasons = list(o.Reasons)
		o.Asked = o.Asked.utc()
		if o.Applied != nil {
			p := o.Applied.utc()
			o.Applied = &p
		}
	}
	h.ScopeApplied = scopeOf(h.Outcomes)
	h.Minimisation.ExcludedCategories = list(h.Minimisation.ExcludedCategories)
	c.Derivations = list(c.Derivations)
	for _, t := range []*time.Time{&h.GeneratedAt, &h.Request.ReceivedAt} {
		*t = t.UTC()
	}
	h.GeneratedAt = h.GeneratedAt.Truncate(time.Second)
}

func (p Period) utc() Period { return Period{From: p.From.UTC(), To: p.To.UTC()} }

func list[T any](l []T) []T { return append([]T{}, l...) }

func checkContent(c *Content) error {
	h := c.Header
	var ps []fault.Problem
	want := func(ok bool, field, message string) {
		if !ok {
			ps = append(ps, fault.Problem{Field: field, Message: message})
		}
	}
	want(ExportIDPattern.MatchString(h.ExportID), "export_id", "Give an id like EXP-2026-000123.")
	want(h.Supersedes == "" || ExportIDPattern.MatchString(h.Supersedes), "supersedes", "Give an id like EXP-2026-000123, or nothing.")
	want(h.GeneratedAt.Year() >= 1980, "generated_at", "Give the time of making.")
	want(columns.IsID([]byte(h.Request.Ref)), "request.ref", "Give the request's reference.")
	checkOutcomes(&h, want)
	want(h.Audit.EventID != "", "audit.event_id", "Name the event that will commit to the contents.")
	want(h.Copy.Ordinal > 0 && h.Copy.RecipientRole != "" && h.Copy.Recipient != "", "copy", "Say for whom the copy is sealed.")
	for _, c := range h.Custody {
		want(slices.Contains(CustodyActions, c.Action), "custody", "Give a known step.")
	}
	for _, v := range h.RuleViolations {
		r := v.ConfirmedByRoles
		want(r[0] != "" && r[1] != "", "rule_violations", "Every violation needs two confirmations.")
	}
	for _, d := range c.Derivations {
		want(columns.IsID([]byte(d.QueryID)), "derivations", "A query's id must be an identifier.")
	}
	for _, form := range c.Certificate.Forms {
		want(slices.Contains(Forms, form), "certificate", "Name forms of the certificate that can be made.")
	}
	want(c.Signer.KeyID != "" && c.Signer.CertSHA256 != "", "signer", "Name the sealing key.")
	return fault.Fields(ps)
}
