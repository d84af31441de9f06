package web

import (
	"encoding/hex"

	"lerd/internal/oversight/glossary"
	"lerd/internal/requests"
)

// auditCasePage is a case with everything that the log says of it.
type auditCasePage struct {
	Base
	State   Badge
	Links   []NavItem
	Facts   []Fact
	Asked   askedPart
	Results Table
	Reasons []string // the statement of reasons, as it stands
	Events  Table
	Placed  placedPart
}

var auditCaseView = newPage[auditCasePage]("audit_case", "sheets", "breadcrumb", "badge", "facts", "table", "cell", "when", "digest", "empty", "asked", "timeline")

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func (s *Server) auditCase(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, events, err := s.cfg.Services.Trail.Trail(c.Ctx(), id)
	if err != nil {
		return err
	}
	q := cs.Request
	p := auditCasePage{Base: c.Base("audit_case.title", "ref", q.Ref), State: c.stateBadge(q.State)}
	p.Crumbs = []Crumb{{c.T("audit.title"), "/audit"}, {q.Ref, ""}}
	if s.cfg.Services.Oversight != nil {
		p.Links = []NavItem{{Text: c.T("audit_replay.link", "ref", q.Ref), Href: "/audit/cases/" + string(id) + "/replay"}, {Text: c.T("audit_dossier.title", "ref", q.Ref), Href: "/audit/cases/" + string(id) + "/dossier"},
			{Text: c.T("audit_finding_new.about", "ref", q.Ref), Href: "/audit-findings/new?case=" + q.Ref}, {Text: c.T("audit_case.error", "ref", q.Ref), Href: "/errors/new?case=" + q.Ref}}
	}
	if s.cfg.Services.Replays != nil {
		p.Links = append(p.Links, NavItem{Text: c.T("audit_case.law", "ref", q.Ref), Href: "/cases/" + string(id) + "/replay"})
	}
	f := facts{c: c}
	f.text("audit.col.agency", cs.Agency.Name)
	f.text("request_new.kind", s.latestTitle(q.Process.ID)+", "+c.T("case.version", "version", q.Process.Version))
	f.add("audit_case.process_digest", Cell{Digest: &Digest{"SHA-256", q.Process.Digest}})
	f.add("audit_case.order_digest", Cell{Digest: &Digest{"SHA-256", cs.Document.SHA256}})
	if cs.Release != nil {
		f.add("audit_case.release", Cell{Code: cs.Release.Ref})
		f.add("audit_case.records_digest", Cell{Digest: &Digest{"SHA-256", cs.Release.Digest}})
	}
	p.Facts = f.list
	by, err := s.namesOf(c, peopleOf(cs)...)
	if err != nil {
		return err
	}
	p.Asked, p.Reasons = s.asked(c, cs, cs.Request.Targets, cs.Messages), paragraphs(q.Reasons.Reveal())
	p.Results = s.auditResults(c, cs, by)
	p.Placed = s.placed(c, cs, legalZone(cs), "/audit/cases/"+string(id)+"/order/", &by)
	if err := c.learnNamesOfTrail(events); err != nil {
		return err
	}
	p.Events = c.trailTable(p.Base, events)
	p.Events.Caption = c.T("audit_case.events", "n", len(events))
	return auditCaseView.Show(c, p)
}

// auditResults is what was decided for each category of each target, by whom and why.
func (s *Server) auditResults(c *Ctx, cs requests.Case, by names) Table {
	t := Table{Caption: c.T("audit_case.results"), Empty: Empty{Title: c.T("audit_case.undecided")},
		Columns: []Column{{Text: c.T("case.account")}, {Text: c.T("audit_case.category")}, {Text: c.T("audit_case.outcome")}, {Text: c.T("audit_case.period")}, {Text: c.T("audit_case.reasons")}, {Text: c.T("audit_asked.note")}, {Text: c.T("audit.col.actor")}}}
	for _, d := range cs.Decisions {
		t.Rows = append(t.Rows, []Cell{{Text: refOfTarget(cs, d.Target)}, {Text: c.T("category." + string(d.Category))}, c.codeCell("event.value.decided.", string(d.Outcome)), {Text: When{At: d.From}.UTC() + " – " + When{At: d.To}.UTC()},
			{Text: "–", Said: c.reasonsInWords(d.Reasons)}, {Text: word(d.Note.Reveal(), "–")}, {Text: by.name(d.By), Note: When{At: d.At}.UTC()}})
	}
	return t
}

// reasonsInWords says why data were not decided on as asked.
func (c *Ctx) reasonsInWords(codes []string) (out []Said) {
	for _, code := range codes {
		out = append(out, Said{Label: c.T("event.fact.refusal"), Name: code, Text: c.named(glossary.Refusal, code)})
	}
	return out
}

func refOfTarget(cs requests.Case, id requests.TargetID) string {
	for _, t := range cs.Request.Targets {
		if t.ID == id {
			return t.Ref()
		}
	}
	return ""
}
