package web

import (
	"context"
	"net/http"

	"lerd/internal/agencies"
	"lerd/internal/identity"
)

// Office is the work of an agency's administrator; *agencies.Service fulfils it.
type Office interface {
	Office(ctx context.Context) (agencies.Office, error)
	AddUnit(ctx context.Context, id identity.AgencyID, name string) (identity.UnitID, error)
	Assign(ctx context.Context, id identity.PersonID, unit identity.UnitID) error
	Reverify(ctx context.Context, id identity.PersonID) error
	Disown(ctx context.Context, request, reason string) error
}

// Statements are the periodic statements; *agencies.Statements fulfils it.
type Statements interface {
	Of(ctx context.Context, agency identity.AgencyID) ([]agencies.Statement, error)
	Find(ctx context.Context, id agencies.StatementID) (agencies.Statement, error)
	Open(ctx context.Context, id agencies.StatementID) (packed []byte, name string, err error)
}

// officePage is what an administrator sees of their agency.
type officePage struct {
	Base
	Standing   Badge
	Facts      []Fact
	Queue      Table
	People     Table
	Units      Table
	Statements Table
	Choices    *Table // which requests are signed twice
	Forms      []StepForm
}

var officeView = newPage[officePage]("office", "badge", "facts", "table", "cell", "when", "digest", "empty", "step_form", "field", "error_summary", "button", "step_up")

// unitInput names a new unit.
type unitInput struct {
	Name string `form:"name" validate:"required,max=200" label:"office.f.unit" hint:"office.f.unit.hint" width:"medium"`
}

// assignInput puts an officer into a unit.
type assignInput struct {
	Person string `form:"person" validate:"required,uuid" label:"office.f.person" input:"select" width:"medium"`
	Unit   string `form:"unit" label:"office.f.in_unit" input:"select" width:"medium"`
}

// reverifyInput names an officer who still serves.
type reverifyInput struct {
	Person string `form:"person" validate:"required,uuid" label:"office.f.person" input:"select" width:"medium"`
}

// disownInput names a request that nobody of the agency made.
type disownInput struct {
	Request string `form:"request" validate:"required,uuid" label:"office.f.request" input:"select" width:"medium"`
	Reason  string `form:"reason" validate:"required" label:"office.f.reason" input:"select" width:"medium"`
}

func (s *Server) officeRoutes() []Route {
	if s.cfg.Services.Office == nil {
		return nil
	}
	admin := []identity.Role{identity.AgencyAdmin}
	return []Route{
		{Method: http.MethodGet, Path: agencies.AdminPath, Name: "office.show", Title: "office.title", Roles: admin, Verb: "manage", Object: "officer", Nav: 10, Handle: s.showOffice},
		{Method: http.MethodPost, Path: "/agency/units", Name: "office.unit", Title: "office.title", Roles: admin, Verb: "manage", Object: "unit", Body: FormBody, Handle: s.addUnit},
		{Method: http.MethodPost, Path: "/agency/assign", Name: "office.assign", Title: "office.title", Roles: admin, Verb: "manage", Object: "officer", Body: FormBody, Handle: s.assignOfficer},
		{Method: http.MethodPost, Path: "/agency/reverify", Name: "office.reverify", Title: "office.title", Roles: admin, Verb: "manage", Object: "officer", Body: FormBody, Handle: s.reverifyOfficer},
		{Method: http.MethodPost, Path: "/agency/disown", Name: "office.disown", Title: "office.title", Roles: admin, Verb: "disown", Object: "request", Body: FormBody, Handle: s.disownRequest},
	}
}

func (s *Server) showOffice(c *Ctx) error { return s.showOfficeWith(c, nil) }

func (s *Server) showOfficeWith(c *Ctx, wrong *mistake) error {
	o, err := s.cfg.Services.Office.Office(c.Ctx())
	if err != nil {
		return err
	}
	p := officePage{Base: c.Base("office.title"), Standing: c.standingBadge(o.Agency.Standing)}
	p.Title, p.Problems, p.Zone = o.Agency.Name, wrong != nil, zoneOf(o.Agency)
	until := p.When(o.ValidUntil)
	f := facts{c: c}
	f.add("agency.valid_until", Cell{When: &until})
	p.Facts = f.list
	p.Queue, p.People, p.Units, p.Statements = c.queueTable(p.Base, o), c.peopleTable(p.Base, o), c.unitTable(o), c.statementTable(p.Base, o.Statements)
	if s.cfg.Services.Choices != nil {
		lines, err := s.cfg.Services.Choices.CosignatureChoices(c.Ctx(), o.Agency.ID)
		if err != nil {
			return err
		}
		t := c.choiceTable(lines)
		p.Choices = &t
	}
	p.Forms = c.officeForms(o, wrong)
	return officeView.Show(c, p)
}

func (c *Ctx) queueTable(b Base, o agencies.Office) Table {
	t := Table{Caption: c.T("office.queue"), Empty: Empty{Title: c.T("office.queue.none")}, Columns: []Column{{Text: c.T("office.ref")}, {Text: c.T("office.state")}, {Text: c.T("office.officer")},
		{Text: c.T("office.unit")}, {Text: c.T("office.received")}, {Text: c.T("office.due")}}}
	for _, q := range o.Queue {
		received, due := b.When(q.ReceivedAt), Cell{}
		if !q.EffectBy.IsZero() {
			at := b.When(q.EffectBy)
			due.When = &at
		}
		state := Cell{Text: c.T("case.state." + q.State)}
		if q.Disowned {
			state.Note = c.T("office.disowned")
		}
		t.Rows = append(t.Rows, []Cell{{Code: q.Ref, Note: q.Process}, state, {Text: q.Name}, {Text: q.Unit}, {When: &received}, due})
	}
	return t
}

func (c *Ctx) peopleTable(b Base, o agencies.Office) Table {
	t := Table{Caption: c.T("office.people"), Empty: Empty{Title: c.T("office.people.none")}, Columns: []Column{{Text: c.T("office.officer")}, {Text: c.T("office.role")}, {Text: c.T("office.unit")},
		{Text: c.T("office.account")}, {Text: c.T("office.reverify_by")}}}
	for _, m := range o.Members {
		account, until, role := Badge{c.T("office.active"), Good}, Cell{}, c.T("role."+string(m.Person.Role))
		if !m.Person.Active {
			account = Badge{c.T("office.inactive"), Plain}
			if m.Person.Version == 1 { // was never alive
				account = Badge{c.T("office.invited"), Info}
			}
		}
		if !m.Person.ReverifyBy.IsZero() {
			at := b.When(m.Person.ReverifyBy)
			until.When = &at
		}
		who := Cell{Text: m.Person.Name.Reveal(), Href: "/accounts/" + string(m.Person.ID)}
		if m.Person.Supervisor {
			who.Note = c.T("office.supervisor")
		}
		t.Rows = append(t.Rows, []Cell{who, {Text: role}, {Text: m.Unit}, {Badge: &account}, until})
	}
	return t
}

func (c *Ctx) unitTable(o agencies.Office) Table {
	t := Table{Caption: c.T("office.units"), Empty: Empty{Title: c.T("office.units.none")}, Columns: []Column{{Text: c.T("office.unit")}, {Text: c.T("office.officers"), Number: true}}}
	for _, u := range o.Units {
		n := 0
		for _, m := range o.Members {
			if m.Person.Unit == u.ID && m.Person.Active {
				n++
			}
		}
		t.Rows = append(t.Rows, []Cell{{Text: u.Name}, {Text: c.T("office.count", "n", n), Number: true}})
	}
	return t
}

// officeForms are the steps of the page: unit, assignment, confirmation, alarm.
func (c *Ctx) officeForms(o agencies.Office, wrong *mistake) []StepForm {
	officers, open := []Option{{Text: c.T("form.choose")}}, []Option{{Text: c.T("form.choose")}}
	units := []Option{{Text: c.T("office.no_unit")}}
	for _, m := range o.Members {
		if m.Person.Role == identity.Officer && m.Person.Active {
			officers = append(officers, Option{Value: string(m.Person.ID), Text: m.Person.Name.Reveal()})
		}
	}
	for _, u := range o.Units {
		units = append(units, Option{Value: string(u.ID), Text: u.Name})
	}
	for _, q := range o.Queue {
		if !q.Disowned {
			open = append(open, Option{Value: q.Request, Text: c.T("office.option", "ref", q.Ref, "officer", q.Name)})
		}
	}
	disown := c.stepForm("disown", "office.disown", "/agency/disown", disownInput{}, "request", "reason")
	disown.Form.Options("request", open).Options("reason", c.pick(c.choose("office.disown.reason", agencies.DisownReasons...)))
	disown.Button.Kind = "danger"
	assign := c.stepForm("assign", "office.assign", "/agency/assign", assignInput{}, "person", "unit")
	assign.Form.Options("person", officers).Options("unit", units)
	again := c.stepForm("reverify", "office.reverify", "/agency/reverify", reverifyInput{}, "person")
	again.Form.Options("person", officers)
	unit := c.stepForm("unit", "office.add_unit", "/agency/units", unitInput{}, "name")
	return []StepForm{disown.erring(c, wrong), assign.erring(c, wrong), again.erring(c, wrong), unit.erring(c, wrong)}
}

// officeStep decodes a form of the page, takes its step, and shows the page again
// where the form needs another look.
func (s *Server) officeStep(c *Ctx, form, flash string, in any, take func(ctx context.Context) error) error {
	err := c.Decode(in)
	if err == nil {
		err = take(c.Once())
	}
	if mendable(err) {
		return s.showOfficeWith(c, &mistake{form, err})
	}
	return c.doneAt(err, agencies.AdminPath, flash)
}

func (s *Server) addUnit(c *Ctx) error {
	var in unitInput
	return s.officeStep(c, "unit", "flash.unit_added", &in, func(ctx context.Context) error {
		actor, _ := c.Actor()
		_, err := s.cfg.Services.Office.AddUnit(ctx, actor.Agency, in.Name)
		return err
	})
}

func (s *Server) assignOfficer(c *Ctx) error {
	var in assignInput
	return s.officeStep(c, "assign", "flash.officer_assigned", &in, func(ctx context.Context) error {
		return s.cfg.Services.Office.Assign(ctx, identity.PersonID(in.Person), identity.UnitID(in.Unit))
	})
}

func (s *Server) reverifyOfficer(c *Ctx) error {
	var in reverifyInput
	return s.officeStep(c, "reverify", "flash.officer_reverified", &in, func(ctx context.Context) error {
		return s.cfg.Services.Office.Reverify(ctx, identity.PersonID(in.Person))
	})
}

func (s *Server) disownRequest(c *Ctx) error {
	var in disownInput
	return s.officeStep(c, "disown", "flash.request_disowned", &in, func(ctx context.Context) error {
		return s.cfg.Services.Office.Disown(ctx, in.Request, in.Reason)
	})
}
