package web

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/requests/targetlist"
)

// draftTargetsPage is the list of accounts: typed, pasted, or from a file.
type draftTargetsPage struct {
	DraftFrame
	Rows     []targetRow
	Rejected []rejectedRow
	Report   *Notice
	CanAdd   bool
	DropAll  *Button
	Import   Button
	Defaults []Field
	Limit    string
	Template string
}

// targetRow is the part of the form about one account, and how it is read.
type targetRow struct {
	Title   string
	Remove  *Button // nil where it is the only one
	Reading *targetReading
	Hints   []string // what the own agency asked before about it
	form    *Form
	row     int
}

// Field gives one of the account's fields.
func (r targetRow) Field(name string) (Field, error) { return r.form.Item("targets", r.row, name) }

// rejectedRow is a row of a list that could not be taken.
type rejectedRow struct {
	Title      string
	Identifier string
	Why        []string
	Mend, Drop Button
}

var draftTargetsView = newPage[draftTargetsPage]("draft_targets", "breadcrumb", "draft_head", "draft_foot", "field", "error_summary", "button", "facts", "table", "cell", "badge", "when", "digest", "empty", "target_fields", "notice")

func (s *Server) showTargets(c *Ctx, a stepAt) error {
	in, ok := a.in.(draftTargetsInput)
	if !ok {
		for _, t := range a.draft.Content.Targets {
			in.Targets = append(in.Targets, typedTarget(t))
		}
	}
	if len(in.Targets) == 0 {
		in.Targets = []targetInput{{}}
	}
	agency, err := s.ownAgency(c)
	if err != nil {
		return err
	}
	for i := range in.Targets {
		if in.Targets[i].Zone == "" && !ok {
			in.Targets[i].Zone = agency.Zone
		}
	}
	f, err := s.frame(c, a, requests.StepTargets, in)
	if err != nil {
		return err
	}
	p := draftTargetsPage{DraftFrame: f, Import: Button{Text: c.T("draft.import"), Kind: "secondary", Name: "do", Value: "import"}, Template: "/drafts/accounts.csv"}
	limit := requests.TargetLimit(s.processOf(c, a.draft))
	p.Limit, p.CanAdd = c.T("draft.targets.limit", "n", limit), len(in.Targets) < limit
	if err := s.targetForm(c, &p, a, in); err != nil {
		return err
	}
	c.rejected(&p, a.draft.Content)
	return draftTargetsView.Show(c, p)
}

// targetForm gives the fields their choices, and each account its echo.
func (s *Server) targetForm(c *Ctx, p *draftTargetsPage, a stepAt, in draftTargetsInput) error {
	for i := range in.Targets {
		c.targetOptions(p.Form, "targets-"+strconv.Itoa(i)+"-")
	}
	c.targetOptions(p.Form, "defaults-")
	for name, fd := range p.Form.fields {
		if strings.HasSuffix(name, "-holder_at") {
			fd.Optional = ""
		}
		if rest, ok := strings.CutPrefix(name, "defaults-"); ok {
			fd.Required, fd.Optional = false, ""
			if rest == "zone" && fd.Value == "" && a.in == nil {
				fd.Value = p.Zone.String()
			}
		}
		p.Form.fields[name] = fd
	}
	for _, name := range []string{"from", "to", "zone", "holder_at", "person_role", "purpose", "categories"} {
		fd, err := p.Form.Field("defaults-" + name)
		if err != nil {
			return err
		}
		p.Defaults = append(p.Defaults, fd)
	}
	p.Form.mark(a.err)
	c.nameLines(p.Form)
	check, err := s.cfg.Services.Drafting.CheckDraft(c.Ctx(), a.draft)
	if err != nil {
		return err
	}
	for i, t := range in.Targets {
		p.Rows = append(p.Rows, c.targetRow(p.Form, i, t.target(), check.Earlier, len(in.Targets) > 1))
	}
	return nil
}

func (c *Ctx) targetOptions(f *Form, row string) {
	c.srv.targetOptions(c, f, row)
}

// targetRow is an account with its echo: we read this as …
func (c *Ctx) targetRow(f *Form, i int, in requests.TargetInput, earlier []requests.Earlier, many bool) targetRow {
	r := targetRow{Title: c.T("request.target", "number", i+1), form: f, row: i}
	if many {
		r.Remove = &Button{Text: c.T("request_new.remove", "number", i+1), Value: "remove-" + strconv.Itoa(i)}
	}
	t, problems := requests.ReadTarget(in)
	if slices.ContainsFunc(problems, func(p fault.Problem) bool { return p.Field == "identifier" || p.Field == "kind" }) || in.Identifier == "" {
		return r
	}
	t.Ordinal = i + 1
	reading := c.reading(t)
	reading.Facts = slices.DeleteFunc(reading.Facts, func(f Fact) bool { return f.Cell.Text == "" && f.Cell.Code == "" })
	r.Reading = &reading
	r.Hints = c.earlierWords(t, earlier)
	return r
}

// earlierWords say when the reader's own agency asked about an account before.
func (c *Ctx) earlierWords(t requests.Target, earlier []requests.Earlier) (out []string) {
	for _, e := range earlier {
		if e.Kind == t.Kind && e.Identifier == t.Identifier.Reveal() && len(out) < 3 {
			days := int(c.Now().Sub(e.At) / (24 * time.Hour))
			if days == 0 {
				out = append(out, c.T("draft.earlier_today", "ref", e.Ref))
				continue
			}
			out = append(out, c.T("draft.earlier", "n", days, "ref", e.Ref))
		}
	}
	return out
}

// rejected shows the rows of a list that could not be taken, and what became of
// the others.
func (c *Ctx) rejected(p *draftTargetsPage, d requests.DraftContent) {
	for i, r := range d.Rejected {
		row := rejectedRow{Title: c.T("draft.row", "line", r.Line), Identifier: r.Input.Identifier,
			Mend: Button{Text: c.T("draft.mend", "line", r.Line), Value: "mend-" + strconv.Itoa(i)}, Drop: Button{Text: c.T("draft.drop_row", "line", r.Line), Value: "drop-" + strconv.Itoa(i)}}
		row.Why = c.rowProblems(r)
		p.Rejected = append(p.Rejected, row)
	}
	if len(d.Rejected)+d.Dropped > 0 {
		p.DropAll = &Button{Text: c.T("draft.drop_all", "n", len(d.Rejected)+d.Dropped), Kind: "secondary", Name: "do", Value: "drop-all"}
	}
	if r := d.Import; r != nil {
		p.Report = &Notice{Kind: Info, Title: c.T("draft.import.done"), Items: []string{c.T("draft.import.taken", "n", r.Taken)}}
		if r.Bad > 0 {
			p.Report.Items = append(p.Report.Items, c.T("draft.import.bad", "n", r.Bad))
		}
		if r.TooMany > 0 {
			p.Report.Items = append(p.Report.Items, c.T("draft.import.too_many", "n", r.TooMany, "limit", r.Limit))
		}
		if r.Stopped != "" {
			p.Report.Items = append(p.Report.Items, c.T("draft.import.stopped", "why", c.Say(r.Stopped)))
		}
		if r.Bad+r.TooMany > 0 || r.Stopped != "" {
			p.Report.Kind = Caution
		}
	}
}

// rowProblems says what would mend a row, each time and zone under its question:
// the sentences about them are the same.
func (c *Ctx) rowProblems(r requests.RejectedTarget) (out []string) {
	_, problems := requests.ReadTarget(r.Input)
	labels := c.Form("", targetInput{}).fields
	for _, why := range r.Why {
		says := c.Say(why)
		at := slices.IndexFunc(problems, func(p fault.Problem) bool {
			return p.Message == why && slices.Contains([]string{"from", "to", "zone", "holder_at"}, p.Field)
		})
		if at >= 0 {
			says = c.T("draft.about", "question", labels[problems[at].Field].Label, "says", says)
			problems = slices.Delete(problems, at, at+1)
		}
		out = append(out, says)
	}
	return out
}

// nameLines says in the summary which account is meant.
func (c *Ctx) nameLines(f *Form) {
	for i, line := range f.Summary {
		if rest, ok := strings.CutPrefix(line.Href, "#targets-"); ok && f.groups["targets"] > 1 {
			digits, _, _ := strings.Cut(rest, "-")
			if n, err := strconv.Atoi(digits); err == nil {
				f.Summary[i].Text = c.T("draft.about", "question", c.T("request.target", "number", n+1), "says", line.Text)
			}
		}
	}
}

func (s *Server) saveTargets(c *Ctx) error {
	var in draftTargetsInput
	if err := c.Decode(&in); err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	if c.Typed().Get("do") == "import" {
		return s.importTargets(c, in)
	}
	return s.saved(c, requests.StepTargets, in, func(d *requests.DraftContent) {
		d.Targets, d.Import = nil, nil
		for _, t := range in.Targets {
			d.Targets = append(d.Targets, t.target())
		}
		turnTargets(d, c.Typed().Get("do"))
	}, s.showTargets)
}

// turnTargets does what a button of the list says: another account, one less, a
// bad row into the form or away.
func turnTargets(d *requests.DraftContent, do string) {
	number := func(prefix string, n int) int {
		digits, ok := strings.CutPrefix(do, prefix)
		if i, err := strconv.Atoi(digits); ok && err == nil && i >= 0 && i < n {
			return i
		}
		return -1
	}
	if i := number("remove-", len(d.Targets)); i >= 0 {
		d.Targets = slices.Delete(d.Targets, i, i+1)
	}
	if i := number("drop-", len(d.Rejected)); i >= 0 {
		d.Rejected = slices.Delete(d.Rejected, i, i+1)
	}
	if i := number("mend-", len(d.Rejected)); i >= 0 && len(d.Targets) < requests.MaxTargets {
		d.Targets = append(d.Targets, d.Rejected[i].Input)
		d.Rejected = slices.Delete(d.Rejected, i, i+1)
	}
	switch {
	case do == "drop-all":
		d.Rejected, d.Dropped = nil, 0
	case do == "add" && len(d.Targets) > 0 && len(d.Targets) < requests.MaxTargets:
		last := d.Targets[len(d.Targets)-1]
		d.Targets = append(d.Targets, requests.TargetInput{Zone: last.Zone, From: last.From, To: last.To, Purpose: last.Purpose, WantPhone: last.WantPhone, WantIP: last.WantIP})
	}
}

// importTargets takes a pasted list or a file into the draft.
func (s *Server) importTargets(c *Ctx, in draftTargetsInput) error {
	id, err := c.draftID()
	if err != nil {
		return err
	}
	list := requests.TargetImport{Revision: c.revision(), Defaults: in.Defaults.target(), Lines: in.Paste}
	for _, t := range in.Targets {
		list.Typed = append(list.Typed, t.target())
	}
	if c.sentFile("list") {
		u, err := c.Upload("list")
		if err != nil {
			return s.badList(c, id, in, err)
		}
		if list.CSV, err = u.Open(); err != nil {
			return err
		}
	}
	d, err := s.cfg.Services.Drafting.ImportTargets(c.Ctx(), id, list)
	switch {
	case err == nil:
		return c.SeeOther(draftPath(id, requests.StepTargets)+"#list-result", "")
	case fault.KindOf(err) == fault.Conflict && d.State == requests.DraftOpen:
		c.status = 409
		return s.showTargets(c, stepAt{draft: d, in: in, moved: &d})
	case fault.KindOf(err) == fault.Invalid:
		return s.badList(c, id, in, err)
	}
	return err
}

// badList shows the page again with what is wrong with the list as a whole.
func (s *Server) badList(c *Ctx, id requests.DraftID, in draftTargetsInput, err error) error {
	d, gone := s.cfg.Services.Drafts.OpenDraft(c.Ctx(), id)
	if gone != nil {
		return gone
	}
	return s.showTargets(c, stepAt{draft: d, in: in, err: err})
}

// targetTemplate sends an empty list with the columns and one example of each kind.
func (s *Server) targetTemplate(c *Ctx) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{
		targetlist.Columns,
		{"phone", "+447700900999", "2026-10-25 14:05", "2026-10-01 00:00", "2026-11-01 00:00", "Asia/Kolkata", "suspect", "identify_user", "phone and ip", ""},
		{"username", "sample_name", "2026-10-25 14:05", "2026-10-01 00:00", "2026-11-01 00:00", "Europe/Berlin", "suspect", "identify_user", "phone", "journalist"},
		{"account_id", "481516234", "", "2026-10-01 00:00", "2026-11-01 00:00", "UTC", "suspect", "traffic", "ip", ""},
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(b.Bytes()), "accounts.csv", "text/csv; charset=utf-8")
}
