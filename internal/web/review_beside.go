package web

import (
	"net/url"
	"strings"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// besidePart is what lies beside a case: how the agency's requests ended, other
// requests about the same identifiers, and how alike cases were answered.
type besidePart struct {
	Agency     []Fact
	Same       Table
	Precedents Table
}

// ends are the ends of a request in the order in which a tally tells them.
var ends = []requests.State{requests.Closed, requests.Recalled, requests.Refused, requests.NoData, requests.Withdrawn, requests.Expired, requests.Lapsed}

// beside looks up what lies beside the case.
func (w *workbench) beside() (*besidePart, error) {
	c, q := w.c, w.cs.Request
	b, err := w.s.cfg.Services.Bench.Beside(c.Ctx(), w.cs)
	if err != nil {
		return nil, err
	}
	p := &besidePart{Agency: w.agencyRecord(b.Agency), Same: w.s.elsewhere(c, c.T("beside.same"), c.T("beside.same.none"), b.Same, true)}
	p.Precedents = Table{Caption: c.T("beside.precedents"), Columns: []Column{{Text: c.T("beside.by")}, {Text: c.T("beside.ended")}}}
	for _, line := range []struct {
		label string
		tally requests.Tally
		query url.Values
	}{
		{c.T("precedents.statute") + " " + q.Order.LegalBasis, b.Statute, url.Values{"statute": {q.Order.LegalBasis}}},
		{c.T("precedents.court") + " " + q.Order.IssuerName, b.Court, url.Values{"court": {q.Order.IssuerName}}},
		{c.T("precedents.process") + " " + q.Process.ID, b.Process, url.Values{"process": {q.Process.ID}}},
		{c.T("review.agency") + " " + w.cs.Agency.Name, b.Agency.Tally, url.Values{"agency": {string(q.Agency)}}},
	} {
		p.Precedents.Rows = append(p.Precedents.Rows, []Cell{{Text: line.label, Href: "/review/precedents?" + line.query.Encode()}, {Text: c.tally(line.tally)}})
	}
	return p, nil
}

func (w *workbench) agencyRecord(r requests.AgencyRecord) []Fact {
	f := facts{c: w.c}
	f.add("beside.answered", Cell{Text: w.c.tally(r.Tally)})
	f.add("beside.overturned", Cell{Text: itoa(r.Overturned)})
	stopped := Cell{Text: itoa(r.Stopped)}
	if r.StoppedNow {
		stopped.Badge = &Badge{w.c.T("beside.stopped_now"), Danger}
	}
	f.add("beside.stopped", stopped)
	return f.list
}

// tally says how many of the last requests ended how.
func (c *Ctx) tally(t requests.Tally) string {
	if t.Of == 0 {
		return c.T("beside.none")
	}
	var parts []string
	for _, end := range ends {
		if n := t.Ended[end]; n > 0 {
			parts = append(parts, c.T("beside.end."+string(end), "n", n))
		}
	}
	return c.T("beside.of", "n", t.Of) + " " + strings.Join(parts, ", ")
}

// elsewhere lists other requests with what became of them.
func (s *Server) elsewhere(c *Ctx, caption, none string, list []requests.Elsewhere, same bool) Table {
	t := Table{Caption: caption, Empty: Empty{Title: none}, Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("review.agency")}, {Text: c.T("review.received")}, {Text: c.T("requests.col.state")}, {Text: c.T("beside.left")}}}
	b := c.Base("precedents.title")
	for _, o := range list {
		badge, at := c.staffBadge(o.State), b.When(o.ReceivedAt)
		ref := Cell{Code: o.Ref, Href: reviewPath(o.Request)}
		if same {
			ref.Note = c.T("beside.targets", "targets", o.Targets)
		}
		left := "nothing"
		switch {
		case o.Disclosed:
			left = "yes"
		case o.Recalled:
			left = "recalled"
		}
		t.Rows = append(t.Rows, []Cell{ref, {Text: o.AgencyName, Note: o.Country}, {When: &at}, {Badge: &badge, Note: s.latestTitle(o.Process)}, {Text: c.T("beside.left." + left)}})
	}
	return t
}

// precedentsInput is what the address asks for.
type precedentsInput struct {
	Statute string `form:"statute" validate:"max=300" label:"precedents.statute"`
	Court   string `form:"court" validate:"max=300" label:"precedents.court"`
	Process string `form:"process" validate:"max=40" label:"precedents.process" input:"select"`
	Agency  string `form:"agency" validate:"omitempty,uuid" label:"review.agency" input:"hidden"`
	Ended   string `form:"ended" validate:"omitempty,oneof=closed recalled refused no_data withdrawn expired lapsed" label:"precedents.ended" input:"select"`
}

// precedentsPage finds answered requests by statute, court, process and agency.
type precedentsPage struct {
	Base
	Form  *Form
	Tally string
	Table *Table
	Do    Button
}

var precedentsView = newPage[precedentsPage]("review_precedents", "table", "cell", "badge", "when", "digest", "empty", "field", "button")

func (s *Server) precedents(c *Ctx) error {
	var in precedentsInput
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	p := precedentsPage{Base: c.Base("precedents.title"), Do: Button{Text: c.T("precedents.do"), Kind: "primary"}}
	p.Form = c.Form("/review/precedents", in)
	var processes []Option
	seen := map[string]bool{}
	for _, one := range s.knownLaw().Processes() {
		if id := string(one.ID); !seen[id] {
			seen[id] = true
			processes = append(processes, Option{Value: id, Text: id + " · " + one.Title})
		}
	}
	p.Form.Options("process", append([]Option{{Text: c.T("precedents.any")}}, processes...))
	var how []Option
	for _, end := range ends {
		how = append(how, Option{Value: string(end), Text: c.T("review.state." + string(end))})
	}
	p.Form.Options("ended", append([]Option{{Text: c.T("precedents.any")}}, how...))
	by := requests.Precedents{Process: in.Process, Statute: tidy(in.Statute), Court: tidy(in.Court), Agency: identity.AgencyID(in.Agency), State: requests.State(in.Ended)}
	list, tally, err := s.cfg.Services.Bench.Precedents(c.Ctx(), by)
	if err != nil {
		return err
	}
	if tally.Of > 0 || len(list) > 0 {
		p.Tally = c.tally(tally)
		t := s.elsewhere(c, c.T("precedents.caption"), c.T("precedents.none"), list, false)
		p.Table = &t
	}
	return precedentsView.Show(c, p)
}
