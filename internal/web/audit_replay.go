package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// momentQuery is which moment is shown, from 0; -1: the last.
type momentQuery struct {
	Step int `form:"step" validate:"gte=0,lte=1000000"`
}

// auditReplay shows a case as it stood after one of its events.
func (s *Server) auditReplay(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var q momentQuery
	if err := c.DecodeQuery(&q); err != nil {
		return notFound()
	}
	r, err := s.cfg.Services.Oversight.ReplayCase(c.Ctx(), id)
	if err != nil {
		return err
	}
	if q.Step >= len(r.Moments) {
		return notFound()
	}
	m := r.Moments[q.Step]
	rules, err := s.cfg.Services.Oversight.RulesAt(c.Ctx(), m.Event.Index)
	if err != nil {
		return err
	}
	if err := c.learnNamesOf(m.Event.Record); err != nil {
		return err
	}
	ref := r.Case.Request.Ref
	p := auditDesk{Base: c.Base("audit_replay.title", "ref", ref), Lead: c.T("audit_replay.lead", "step", itoa(q.Step+1), "n", itoa(len(r.Moments)))}
	p.Crumbs = []Crumb{{c.T("audit.title"), "/audit"}, {ref, "/audit/cases/" + string(id)}, {c.T("audit_replay.short"), ""}}
	p.Facts = c.momentFacts(p.Base, r, m)
	if rules.Digest != "" {
		p.Facts = append(p.Facts, Fact{c.T("audit_replay.rules"), Cell{Digest: &Digest{"SHA-256", rules.Digest}}})
	}
	p.Pages = c.replayPages(id, q.Step, len(r.Moments))
	p.Ahead = p.Pages
	p.Ahead.Label = c.T("audit_replay.go")
	then := r.Case
	then.Decisions = m.Decisions
	by, err := s.namesOf(c, peopleOf(then)...)
	if err != nil {
		return err
	}
	asked := s.asked(c, r.Case, m.Asked, m.Messages)
	p.Asked = &asked
	p.Tables = []Table{c.readerTable(rules, m), c.answerTable(p.Base, m, by), s.auditResults(c, then, by), c.documentTable(m), c.lookTable(p.Base, r), c.momentTable(p.Base, id, r)}
	p.Notices = c.replayGaps(p.Base, r)
	p.Notices = append(p.Notices, c.erasedNotices(r, m)...)
	return auditDeskView.Show(c, p)
}

// erasedNotices says what of a case was erased, and whether the moment rests on it.
func (c *Ctx) erasedNotices(r oversight.Replayed, m oversight.Moment) []Notice {
	under := c.erasedUnder(r)
	switch {
	case m.Erased:
		return []Notice{{Kind: Caution, Title: c.T("audit_replay.erased"), Text: c.T("audit_replay.erased.text"), Items: under}}
	case len(under) > 0:
		return []Notice{{Kind: Caution, Title: c.T("audit_replay.erased.since"), Items: under}}
	}
	return nil
}

// erasedUnder says under which classes what is personal in a case was erased, and when.
func (c *Ctx) erasedUnder(r oversight.Replayed) (out []string) {
	for _, m := range r.Moments {
		rec := m.Event.Record
		if class := rec.Facts["class"]; rec.Kind == "erasure.made" {
			said := c.T("audit_replay.erased.under", "class", c.valueInWords(Base{}, rec.Kind, "class", class).Text, "code", class, "at", utc(rec.At))
			if !slices.Contains(out, said) {
				out = append(out, said)
			}
		}
	}
	return out
}

// replayGaps says where steps of the case may be missing.
func (c *Ctx) replayGaps(b Base, r oversight.Replayed) (out []Notice) {
	for _, g := range r.Gaps {
		out = append(out, Notice{Kind: Caution, Title: c.T("audit_replay.gap"), Text: c.T("audit_replay.gap.text", "step", itoa(g.After+1), "from", utc(g.From), "until", utc(g.At), "origin", g.Origin)})
	}
	return out
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func (c *Ctx) replayPages(id requests.ID, step, n int) Pages {
	at := func(i int) string { return "/audit/cases/" + string(id) + "/replay?step=" + itoa(i) }
	p := Pages{Label: c.T("audit_replay.steps"), Previous: c.T("audit_replay.before"), Next: c.T("audit_replay.after"), Shown: c.T("audit_replay.shown", "step", itoa(step+1), "n", itoa(n))}
	if step > 0 {
		p.PreviousHref = at(step - 1)
	}
	if step < n-1 {
		p.NextHref = at(step + 1)
	}
	return p
}

func (c *Ctx) momentFacts(b Base, r oversight.Replayed, m oversight.Moment) []Fact {
	rec := m.Event.Record
	f, at := facts{c: c}, b.When(rec.At)
	f.add("audit_replay.event", c.kindCell(rec.Kind, "/audit/events/"+string(rec.ID)))
	f.add("audit.col.at", Cell{When: &at})
	f.add("audit.col.actor", Cell{Text: m.Event.Actor, Note: c.roleOf(rec.Actor)})
	if said := c.factsInWords(b, rec.Kind, rec.AllFacts()); len(said) > 0 {
		f.add("audit_event.facts", Cell{Said: said})
	}
	if m.Look != nil {
		f.text("audit_replay.looked", lookWords(c, m))
	}
	f.text("audit_replay.staff_saw", c.stateWords("review.state.", m.State))
	f.text("audit_replay.agency_saw", c.stateWords("case.state.", m.Shown))
	f.text("audit_replay.officer", word(m.Beside.Officer, "–"))
	f.text("audit_replay.reviewer", word(m.Beside.Held, c.T("audit_replay.nobody")))
	f.text("audit_replay.verdict", word(m.Verdict, c.T("audit_replay.no_verdict")))
	pin := r.Case.Request.Process
	title := pin.ID
	if r.Process != nil {
		title = r.Process.Title
	}
	f.add("audit_replay.process", Cell{Text: title + ", " + c.T("case.version", "version", pin.Version), Note: "SHA-256 " + pin.Digest})
	f.text("audit_replay.messages", itoa(len(m.Messages)))
	if m.Release != "" {
		f.add("audit_case.release", Cell{Code: m.Release, Note: "SHA-256 " + m.Records})
	}
	c.besideFacts(&f, m.Beside)
	return f.list
}

// besideFacts says what stood beside the case.
func (c *Ctx) besideFacts(f *facts, b oversight.Beside) {
	if b.Risk != "" {
		f.text("audit_replay.risk", c.T("risk.level."+b.Risk))
	}
	if b.Recall != "" {
		f.text("audit_replay.recall", c.T("audit_replay.recall."+b.Recall))
	}
	f.text("audit_replay.gags", c.T("audit_replay.gagged", "n", b.Gags))
	if b.Told+b.Untold+b.Withheld > 0 {
		f.text("audit_replay.notices", c.T("audit_replay.notices.said", "told", itoa(b.Told), "waiting", itoa(b.Untold), "withheld", itoa(b.Withheld)))
	}
}

// stateWords says a state in the words of one side; before the submission there is none.
func (c *Ctx) stateWords(prefix string, s requests.State) string {
	if s == requests.None {
		return c.T("audit_replay.no_state")
	}
	return c.T(prefix + string(s))
}

func lookWords(c *Ctx, m oversight.Moment) string {
	return c.T("audit_replay.look."+m.Look.End, "for", age(m.Look.For))
}

func (c *Ctx) answerTable(b Base, m oversight.Moment, who names) Table {
	t := Table{Caption: c.T("audit_replay.checks", "n", len(m.Answers)), Empty: Empty{Title: c.T("audit_replay.checks.none")},
		Columns: []Column{{Text: c.T("audit_replay.check")}, {Text: c.T("audit_replay.target")}, {Text: c.T("audit_replay.result")}, {Text: c.T("audit_asked.note")}, {Text: c.T("audit.col.actor")}, {Text: c.T("audit.col.at")}}}
	list := slices.Clone(m.Answers)
	slices.SortStableFunc(list, func(a, b requests.Answer) int { return strings.Compare(a.Check+a.Target, b.Check+b.Target) })
	for _, a := range list {
		at, by := b.When(a.At), Cell{Text: c.T("audit_replay.automatic")}
		if !a.Automatic {
			by = Cell{Text: who.name(identity.PersonID(a.By)), Note: c.holderRole(a.As)}
		}
		t.Rows = append(t.Rows, []Cell{{Text: c.checkWords(a.Check), Quoted: a.Check}, {Text: word(a.Target, "–")}, c.codeCell("replay.result.", a.Result), {Text: word(a.Note.Reveal(), "–")}, by, {When: &at}})
	}
	return t
}

func (c *Ctx) documentTable(m oversight.Moment) Table {
	t := Table{Caption: c.T("audit_replay.documents"), Empty: Empty{Title: c.T("audit_replay.documents.none")}, Columns: []Column{{Text: c.T("audit_replay.document")}, {Text: c.T("audit_replay.pages"), Number: true}, {Text: "SHA-256"}}}
	for _, d := range m.Documents {
		t.Rows = append(t.Rows, []Cell{{Text: c.T("audit_replay.document." + d.What)}, {Text: strconv.Itoa(d.Pages), Number: true}, {Digest: &Digest{"SHA-256", d.SHA256}}})
	}
	return t
}

func (c *Ctx) readerTable(r oversight.Rules, m oversight.Moment) Table {
	t := Table{Caption: c.T("audit_replay.readers"), Empty: Empty{Title: c.T("audit_replay.readers.none"), Text: c.T("audit_replay.readers.none.text")}, Columns: []Column{{Text: c.T("audit_query.role")}, {Text: c.T("audit_replay.saw")}, {Text: c.T("audit_replay.rule")}}}
	for _, x := range r.Readers {
		t.Rows = append(t.Rows, []Cell{{Text: c.holderRole(string(x.Role))}, c.sawWords(x.Role, m), {Code: x.Rule}})
	}
	return t
}

// lookTable says who looked at the case, and for how long.
func (c *Ctx) lookTable(b Base, r oversight.Replayed) Table {
	t := Table{Caption: c.T("audit_replay.looks"), Empty: Empty{Title: c.T("audit_replay.looks.none")},
		Columns: []Column{{Text: c.T("audit.col.actor")}, {Text: c.T("audit.col.kind")}, {Text: c.T("audit.col.at")}, {Text: c.T("audit_replay.for")}}}
	for _, m := range r.Moments {
		if m.Look == nil {
			continue
		}
		at := b.When(m.Event.Record.At)
		t.Rows = append(t.Rows, []Cell{{Text: m.Event.Actor, Note: c.roleOf(m.Event.Record.Actor)}, c.kindCell(m.Event.Record.Kind, ""), {When: &at}, {Text: lookWords(c, m)}})
	}
	return t
}

func (c *Ctx) momentTable(b Base, id requests.ID, r oversight.Replayed) Table {
	t := Table{Caption: c.T("audit_replay.steps"), Columns: []Column{{Text: c.T("audit_replay.step")}, {Text: c.T("audit.col.kind")}, {Text: c.T("audit.col.actor")}, {Text: c.T("audit.col.at")}, {Text: c.T("requests.col.state")}}}
	for _, m := range r.Moments {
		for _, g := range r.Gaps {
			if g.After == m.Step-1 {
				t.Rows = append(t.Rows, c.gapRow(b, g))
			}
		}
		at := b.When(m.Event.Record.At)
		t.Rows = append(t.Rows, []Cell{{Text: itoa(m.Step + 1), Href: "/audit/cases/" + string(id) + "/replay?step=" + itoa(m.Step)}, c.kindCell(m.Event.Record.Kind, ""),
			{Text: m.Event.Actor, Note: c.roleOf(m.Event.Record.Actor)}, {When: &at}, {Text: c.stateWords("review.state.", m.State)}})
	}
	for _, g := range r.Gaps {
		if g.After == len(r.Moments)-1 {
			t.Rows = append(t.Rows, c.gapRow(b, g))
		}
	}
	return t
}

// gapRow stands between two events where others may be missing.
func (c *Ctx) gapRow(b Base, g oversight.CaseGap) []Cell {
	at := b.When(g.At)
	return []Cell{{Text: "–"}, {Badge: &Badge{c.T("audit_replay.gap.row"), Caution}}, {Text: c.T("log_loss.epoch"), Note: g.Origin}, {When: &at}, {Text: c.T("audit_replay.gap.state")}}
}
