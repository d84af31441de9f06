package web

import (
	"slices"

	"lerd/internal/agencies"
	"lerd/internal/callback"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// agencyPage is all that is on file about an agency, with what the registrar who
// reads it can do next.
type agencyPage struct {
	Base
	Standing Badge
	Heading  string // of the facts: in force, or only entered
	Facts    []Fact
	Next     []StepForm // what the round waits for
	Entries  Table
	Changes  []StepForm // entries that wait for another registrar
	Rounds   Table
	Calls    Table
	Sent     Table      // statements for the oversight body
	Other    []StepForm // what is done more rarely
	Choices  string     // where the choice about second signatures is
}

var agencyView = newPage[agencyPage]("agency_show", "breadcrumb", "badge", "facts", "table", "cell", "when", "digest", "empty", "step_form", "field", "error_summary", "button", "step_up")

// registry is a dossier with what its page needs of the server.
type registry struct {
	c     *Ctx
	d     agencies.Dossier
	names names
	wrong *mistake
	me    identity.PersonID

	delivery *identity.DeliveryForm // nil where it is not asked for
}

func (s *Server) showAgency(c *Ctx) error { return s.showDossier(c, nil) }

// showDossier shows an agency; wrong is a form that needs another look, or nil.
func (s *Server) showDossier(c *Ctx, wrong *mistake) error {
	id, err := c.agencyID()
	if err != nil {
		return err
	}
	d, err := s.cfg.Services.Vetting.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	r := registry{c: c, d: d, wrong: wrong}
	actor, _ := c.Actor()
	r.me = actor.Person
	var waiting []agencies.WaitingMotion
	people := r.people()
	if s.cfg.Services.Supervisors != nil {
		if waiting, err = s.cfg.Services.Supervisors.WaitingFor(c.Ctx(), id); err != nil {
			return err
		}
		for _, w := range waiting {
			people = append(people, w.ProposedBy)
		}
	}
	if r.names, err = s.namesOf(c, people...); err != nil {
		return err
	}
	if s.cfg.Services.Forms != nil {
		f, err := s.cfg.Services.Forms.DeliveryForm(c.Ctx(), id)
		if err != nil {
			return err
		}
		r.delivery = &f
	}
	p := agencyPage{Base: c.Base("agency.title")}
	p.Title, p.Standing = d.Agency.Name, c.standingBadge(d.Agency.Standing)
	p.Crumbs = []Crumb{{c.T("agencies.title"), "/agencies"}, {d.Agency.Name, ""}}
	p.Heading = c.T("agency.on_file")
	if d.Agency.Standing == identity.Proposed {
		p.Heading = c.T("agency.entered")
	}
	p.Problems = wrong != nil
	p.Facts, p.Entries, p.Rounds, p.Calls = r.facts(p.Base), r.entries(p.Base), r.rounds(p.Base), r.calls(p.Base)
	p.Next, p.Changes, p.Other = r.now(), append(r.changes(), s.motionActs(c, r, waiting)...), r.other()
	if s.cfg.Services.Choices != nil {
		p.Choices = requests.ChoicesPath(id)
	}
	if s.cfg.Services.Statements != nil {
		list, err := s.cfg.Services.Statements.Of(c.Ctx(), id)
		if err != nil {
			return err
		}
		p.Sent = c.statementTable(p.Base, list)
	}
	return agencyView.Show(c, p)
}

func (c *Ctx) agencyID() (identity.AgencyID, error) {
	id, err := c.UUIDParam("id")
	return identity.AgencyID(id), err
}

func (r registry) people() (list []identity.PersonID) {
	for _, x := range r.d.Rounds {
		list = append(list, x.ProposedBy, x.CalledBy, x.ActivatedBy)
	}
	for _, x := range r.d.Details {
		list = append(list, x.ProposedBy, x.ApprovedBy, x.RetiredBy)
	}
	for _, x := range r.d.Calls {
		list = append(list, x.By)
	}
	return list
}

func (r registry) facts(b Base) []Fact {
	a, f := r.d.Agency, facts{c: r.c}
	f.add("agency.country", Cell{Code: a.Country})
	f.text("agency.zone", a.Zone)
	f.add("agency.call_back", Cell{Code: a.CallBack, Note: r.c.T("agency.call_back.note")})
	if until := r.d.ValidUntil(); !until.IsZero() {
		when := b.When(until)
		f.add("agency.valid_until", Cell{When: &when})
	}
	if r.delivery != nil {
		f.text("agency.delivery.now", r.c.deliveryWord(r.delivery.Profile))
	}
	if a.Standing == identity.Verified && len(a.CertPEM) == 0 {
		f.text("agency.certificate", r.c.T("agency.certificate.none"))
	}
	return f.list
}

func (r registry) entries(b Base) Table {
	t := Table{Caption: r.c.T("agency.entries"), Columns: []Column{{Text: r.c.T("agency.entry.kind")}, {Text: r.c.T("agency.entry.value")}, {Text: r.c.T("agency.entry.source")},
		{Text: r.c.T("agency.entry.state")}, {Text: r.c.T("agency.entry.by")}}}
	for _, kind := range agencies.Kinds {
		for _, d := range r.d.Details {
			if d.Kind == kind {
				t.Rows = append(t.Rows, r.entry(b, d))
			}
		}
	}
	return t
}

func (r registry) entry(b Base, d agencies.Detail) []Cell {
	value := Cell{Text: d.Value, Note: d.Name}
	switch {
	case d.Kind == agencies.Certificate:
		value = Cell{Digest: &Digest{"SHA-256", d.Fingerprint}, Note: r.c.T("agency.entry.times", "from", r.c.Date(d.ValidFrom), "to", r.c.Date(d.ValidTo))}
	case d.Channel == agencies.Phone || d.Kind == agencies.Domain:
		value = Cell{Code: d.Value, Note: d.Name}
	}
	badge, note := r.entryState(d)
	by := r.names.name(d.ProposedBy)
	if d.ApprovedBy != "" {
		by = r.c.T("agency.entry.two", "first", by, "second", r.names.name(d.ApprovedBy))
	}
	return []Cell{{Text: r.c.T("agency.kind." + string(d.Kind))}, value, {Text: d.Source.Register, Note: d.Source.Reference + ", " + r.c.Date(d.Source.SeenOn)}, {Badge: &badge, Note: note}, {Text: by}}
}

// entryState says where an entry stands at this moment.
func (r registry) entryState(d agencies.Detail) (Badge, string) {
	now := r.c.Now()
	switch {
	case d.State == agencies.DetailApproved && now.Before(d.InForceFrom):
		return Badge{r.c.T("agency.entry.waiting"), Caution}, r.c.T("agency.entry.from", "at", r.c.Moment(d.InForceFrom))
	case d.State == agencies.DetailApproved:
		for _, x := range agencies.InForce(r.d.Details, d.Kind, now) {
			if x.ID == d.ID {
				return Badge{r.c.T("agency.entry.in_force"), Good}, r.c.T("agency.entry.since", "at", r.c.Moment(d.InForceFrom))
			}
		}
		return Badge{r.c.T("agency.entry.replaced"), Plain}, ""
	}
	tone := map[agencies.DetailState]Tone{agencies.DetailProposed: Info, agencies.DetailDeclined: Plain, agencies.DetailRetired: Plain}[d.State]
	return Badge{r.c.T("agency.entry." + string(d.State)), tone}, ""
}

func (r registry) rounds(b Base) Table {
	t := Table{Caption: r.c.T("agency.rounds"), Columns: []Column{{Text: r.c.T("agency.round")}, {Text: r.c.T("agency.entry.source")}, {Text: r.c.T("agency.round.stage")},
		{Text: r.c.T("agency.round.people")}, {Text: r.c.T("agency.round.at")}}}
	for _, x := range slices.Backward(r.d.Rounds) {
		at, people := b.When(x.ProposedAt), r.names.name(x.ProposedBy)
		if x.Stage == agencies.StageActivated {
			at, people = b.When(x.ActivatedAt), r.c.T("agency.entry.two", "first", people, "second", r.names.name(x.ActivatedBy))
		}
		t.Rows = append(t.Rows, []Cell{{Text: r.c.T("agency.round.n", "n", x.Number)}, {Text: x.Source.Register, Note: x.Source.Reference + ", " + r.c.Date(x.Source.SeenOn)},
			{Text: r.c.T("agency.stage." + string(x.Stage))}, {Text: people}, {When: &at}})
	}
	return t
}

func (r registry) calls(b Base) Table {
	t := Table{Caption: r.c.T("callback.calls"), Empty: Empty{Title: r.c.T("callback.none")}, Columns: r.c.callColumns()}
	for _, x := range slices.Backward(r.d.Calls) {
		t.Rows = append(t.Rows, r.c.callRow(b, x, r.names))
	}
	return t
}

// now gives the acts for which the agency waits.
func (r registry) now() []StepForm {
	open := r.d.Open()
	if open == nil {
		return nil
	}
	var acts []StepForm
	switch {
	case open.Stage == agencies.StageProposed:
		acts = append(acts, r.callAct())
	case r.me == open.ProposedBy || r.me == open.CalledBy:
		acts = append(acts, StepForm{ID: "activate", Title: r.c.T("agency.activate.title"), Note: r.c.T("agency.activate.other")})
	default:
		a := r.act("activate", "agency.activate", struct{}{})
		a.StepUp = r.c.StepUp(identity.PurposeActivateAgency, r.d.Agreement())
		acts = append(acts, a)
	}
	abandon := r.act("abandon", "agency.abandon", reasonInput{}, "reason")
	abandon.Form.Options("reason", r.c.pick(r.c.choose("agency.abandon.reason", agencies.AbandonReasons...)))
	abandon.Button.Kind = "danger"
	return append(acts, abandon.erring(r.c, r.wrong))
}

// callAct is the call that the reader has begun, or the beginning of one.
func (r registry) callAct() StepForm {
	for _, x := range r.d.Calls {
		if x.State == callback.Begun && x.By == r.me {
			return r.c.recordAct(agencies.PathOf(r.d.Agency.ID)+"/record", x, r.wrong)
		}
	}
	return r.act("call", "callback.begin", struct{}{})
}

func (r registry) act(id, words string, in any, names ...string) StepForm {
	return r.c.stepForm(id, words, agencies.PathOf(r.d.Agency.ID)+"/"+id, in, names...).erring(r.c, r.wrong)
}
