package web

import (
	"bytes"
	"strconv"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/oversight/glossary"
	"lerd/internal/requests"
)

// auditEventPage is one event: what it says in clear, what it commits to, and
// its place in the signed log.
type auditEventPage struct {
	Base
	Proof       Notice
	Event       []Fact
	Facts       []Fact
	Closed      []Fact // opened for who looks
	Commitments Table
	ProofAt     string // "" while there is none
	EntryAt     string
	FindingAt   string // where a finding that this event shows is put on record
	Commands    []verifyStep
}

var auditEventView = newPage[auditEventPage]("audit_event", "breadcrumb", "facts", "table", "cell", "badge", "when", "digest", "empty", "notice", "commands")

func (s *Server) eventOf(c *Ctx) (requests.TrailEvent, error) {
	id, err := c.UUIDParam("id")
	if err != nil {
		return requests.TrailEvent{}, err
	}
	return s.cfg.Services.Trail.Event(c.Ctx(), audit.EventID(id))
}

func (s *Server) auditEvent(c *Ctx) error {
	ev, err := s.eventOf(c)
	if err != nil {
		return err
	}
	r := ev.Record
	p := auditEventPage{Base: c.Base("audit_event.title", "kind", c.kindWords(r.Kind)), EntryAt: "/audit/events/" + string(r.ID) + "/entry", FindingAt: "/audit-findings/new?evidence=" + string(r.ID)}
	p.Crumbs = []Crumb{{c.T("audit.title"), "/audit"}, {c.kindWords(r.Kind), ""}}
	if err := c.learnNamesOf(r); err != nil {
		return err
	}
	f := facts{c: c}
	at := p.When(r.At)
	f.add("audit_event.id", Cell{Code: string(r.ID)})
	f.add("audit_event.kind", Cell{Code: r.Kind})
	if name := c.subject(r.Stream); name != "" {
		f.add("audit_query.about", Cell{Text: name, Href: pageOfStream(r.Stream)})
	}
	f.add("audit_event.stream", Cell{Code: r.Stream, Href: pageOfStream(r.Stream), Note: c.T("audit_event.version", "version", r.Version)})
	f.add("audit.col.at", Cell{When: &at})
	f.add("audit.col.actor", Cell{Text: ev.Actor, Note: c.roleOf(r.Actor), Href: pageOf(glossary.Person, r.Actor.Person)})
	f.add("audit_event.session", Cell{Code: r.Actor.Session})
	for _, cause := range r.Causes {
		f.add("audit_event.cause", Cell{Code: string(cause), Href: "/audit/events/" + string(cause)})
	}
	if strings.HasSuffix(r.Kind, ".openings_given") && s.cfg.Services.Oversight != nil {
		to, err := s.cfg.Services.Oversight.GivenTo(c.Ctx(), r.ID)
		if err != nil {
			return err
		}
		f.add("audit_event.given_to", Cell{Text: to})
	}
	p.Event = f.list
	p.Facts, p.Closed, p.Commitments = c.listFacts(p.Base, r.Kind, r.Facts), c.listFacts(p.Base, r.Kind, r.Opened), commitments(c, r)
	s.fillProof(c, &p, ev)
	return auditEventView.Show(c, p)
}

// listFacts shows each fact in words, with the name and the value that the log has or
// commits to.
func (c *Ctx) listFacts(b Base, kind string, facts map[string]string) []Fact {
	var out []Fact
	for _, s := range c.factsInWords(b, kind, facts) {
		cell := Cell{Text: s.Text, Href: s.Href, When: s.When, Quoted: s.Name}
		switch {
		case s.Code != "":
			cell.Quoted += "=" + s.Code
		case s.When != nil:
			cell.Quoted += "=" + facts[s.Name]
		case s.Whole != "":
			cell.Digest = &Digest{Hex: s.Whole}
		case glossary.IsID(kind, s.Name):
			cell.Code = s.Text
		}
		out = append(out, Fact{s.Label, cell})
	}
	return out
}

func commitments(c *Ctx, r audit.Record) Table {
	t := Table{Caption: c.T("audit_event.commitments"), Empty: Empty{Title: c.T("audit_event.no_commitments")},
		Columns: []Column{{Text: c.T("audit_event.of")}, {Text: c.T("audit_event.commitment")}}}
	for _, row := range r.Rows {
		t.Rows = append(t.Rows, []Cell{{Text: row.Table, Note: row.ID}, {Code: row.Commitment.String()}})
	}
	for _, v := range r.Values {
		if v.New != nil {
			t.Rows = append(t.Rows, []Cell{{Text: c.factWords(r.Kind, v.Name), Quoted: v.Name}, {Code: v.New.String()}})
		}
	}
	return t
}

// fillProof recomputes the inclusion of the event under the newest checkpoint
// now, while the page is made.
func (s *Server) fillProof(c *Ctx, p *auditEventPage, ev requests.TrailEvent) {
	text, err := s.cfg.Services.Proofs.Proof(c.Ctx(), ev.Record.ID)
	if err != nil {
		p.Proof = Notice{Kind: Caution, Title: c.T("audit_event.unsealed"), Text: c.T("audit_event.unsealed.text")}
		return
	}
	trust, err := s.trust()
	if err == nil {
		var signed audit.SignedCheckpoint
		var index uint64
		if signed, index, err = audit.VerifyProof(ev.Entry, text, trust); err == nil {
			p.Proof = Notice{Kind: Good, Title: c.T("audit_event.proven"),
				Text: c.T("audit_event.proven.text", "index", strconv.FormatUint(index, 10), "size", strconv.FormatUint(signed.Size, 10))}
		}
	}
	if err != nil {
		p.Proof = Notice{Kind: Danger, Title: c.T("audit_event.unproven"), Text: c.T("audit_event.unproven.text")}
	}
	p.ProofAt = "/audit/events/" + string(ev.Record.ID) + "/proof"
	p.Commands = []verifyStep{{Title: c.T("audit_event.prove"), Command: "lerd audit prove --event " + string(ev.Record.ID)}}
}

// auditProof sends the event's C2SP tlog-proof.
func (s *Server) auditProof(c *Ctx) error {
	ev, err := s.eventOf(c)
	if err != nil {
		return err
	}
	text, err := s.cfg.Services.Proofs.Proof(c.Ctx(), ev.Record.ID)
	if err != nil {
		return fault.Because(fault.NotFound, err, "There is nothing here.")
	}
	return c.sendFile(bytes.NewReader(text), string(ev.Record.ID)+".tlog-proof", "text/plain; charset=utf-8")
}

// auditEntry sends the event's canonical entry: the octets that the leaf hashes.
func (s *Server) auditEntry(c *Ctx) error {
	ev, err := s.eventOf(c)
	if err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(ev.Entry), string(ev.Record.ID)+".json", "application/json")
}
