package web

import (
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/processes"
)

// withdrawnInput says why a proposal is withdrawn.
type withdrawnInput struct {
	Why string `form:"why" validate:"required,max=4000" label:"process_withdraw.why" input:"textarea" rows:"3"`
}

func (s *Server) showProposal(c *Ctx) error { return s.proposalPage(c, nil) }

func (s *Server) proposalPage(c *Ctx, wrong *mistake) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	x, err := s.cfg.Services.Processes.Compare(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("process.title"), Badges: []Badge{c.proposalBadge(x.State)}, Lead: c.T("process.lead", "process", string(x.Process), "number", x.Number, "day", x.Day, "zone", x.Zone)}
	p.Wide, p.Problems = true, wrong != nil
	p.Crumbs = []Crumb{{c.T("processes.title"), "/processes"}, {c.T("process.version", "process", string(x.Process), "number", x.Number), ""}}
	if x.Moved != "" {
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("process.moved"), Text: c.Say(x.Moved)})
	}
	if wrong != nil && len(fault.ProblemsOf(wrong.err)) == 0 {
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("review.not_done"), Text: c.Say(fault.Message(wrong.err))})
		c.status = fault.Status(wrong.err)
	}
	if p.Facts, err = s.proposalFacts(c, x, p.Base); err != nil {
		return err
	}
	if x.To != nil {
		p.Tables = []Table{c.lineTable(x.Lines), c.exampleTable(x.Examples), c.realTable("process.open", x.Undecided), c.realTable("process.decided", x.Decided)}
	}
	p.Acts = c.proposalActs(x, wrong)
	return deskView.Show(c, p)
}

func (s *Server) proposalFacts(c *Ctx, x processes.Comparison, b Base) ([]Fact, error) {
	n, err := s.namesOf(c, x.By, x.DecidedBy)
	if err != nil {
		return nil, err
	}
	f := facts{c: c}
	f.text("process_new.why", x.Why.Reveal())
	f.text("process.by", word(n.name(x.By), c.T("process.by.server")))
	at := b.When(x.At)
	f.add("process.proposed_at", Cell{When: &at})
	f.text("process.day", x.Day)
	f.add("process.digest", Cell{Digest: &Digest{"SHA-256", x.Digest}})
	f.add("process.base", Cell{Digest: &Digest{"SHA-256", x.BaseDigest}, Note: c.T("process.version", "process", string(x.Process), "number", x.Number-1)})
	if !x.DecidedAt.IsZero() {
		done := b.When(x.DecidedAt)
		f.add("process.decided_by", Cell{Text: n.name(x.DecidedBy)})
		f.add("process.decided_at", Cell{When: &done})
	}
	f.text("process_withdraw.why", x.Note.Reveal())
	return f.list, nil
}

// lineTable shows what differs in the text, line by line.
func (c *Ctx) lineTable(lines []legal.LineChange) Table {
	t := Table{Caption: c.T("process.lines"), Columns: []Column{{Text: c.T("process.change")}, {Text: c.T("process.line")}}, Empty: Empty{Title: c.T("process.lines.none")}}
	for _, l := range lines {
		kind := Badge{c.T("process.stays"), Plain}
		switch l.Kind {
		case '-':
			kind = Badge{c.T("process.goes"), Danger}
		case '+':
			kind = Badge{c.T("process.comes"), Good}
		}
		t.Rows = append(t.Rows, []Cell{{Badge: &kind}, {Code: indented(l.Text)}})
	}
	return t
}

// indented keeps the indentation of a line of code in HTML.
func indented(line string) string {
	rest := strings.TrimLeft(line, " ")
	return strings.Repeat("\u00a0", len(line)-len(rest)) + rest
}

func (c *Ctx) exampleTable(ch legal.Change) Table {
	t := Table{Caption: c.T("process.examples", "n", len(ch.Cases), "all", ch.Examined), Columns: c.changeColumns(c.T("process.example")), Empty: Empty{Title: c.T("process.same")}}
	for _, x := range ch.Cases {
		t.Rows = append(t.Rows, append([]Cell{{Text: x.Case}}, c.changeCells(x)...))
	}
	return t
}

func (c *Ctx) realTable(key string, r processes.RealChanges) Table {
	caption := c.T(key, "n", len(r.Cases), "all", r.Examined)
	if r.More {
		caption += " " + c.T("process.newest")
	}
	if len(r.Skipped) > 0 {
		caption += " " + c.T("process.skipped", "refs", strings.Join(r.Skipped, ", "))
	}
	t := Table{Caption: caption, Columns: c.changeColumns(c.T("requests.col.ref")), Empty: Empty{Title: c.T("process.same")}}
	for _, x := range r.Cases {
		ref := Cell{Text: x.Ref, Href: "/cases/" + x.ID + "/replay", Note: c.T("review.state." + x.State)}
		t.Rows = append(t.Rows, append([]Cell{ref}, c.changeCells(x.CaseChange)...))
	}
	return t
}

func (c *Ctx) changeColumns(first string) []Column {
	return []Column{{Text: first}, {Text: c.T("process.before")}, {Text: c.T("process.after")}, {Text: c.T("process.what")}}
}

func (c *Ctx) changeCells(x legal.CaseChange) []Cell {
	return []Cell{{Text: c.T("process.outcome." + string(x.From))}, {Text: c.T("process.outcome." + string(x.To))}, {Text: word(strings.Join(x.Why, "; "), "—")}}
}

func (c *Ctx) proposalActs(x processes.Comparison, wrong *mistake) (acts []StepForm) {
	if x.ReadsOnly || !x.Open() {
		return nil
	}
	me, _ := c.Actor()
	path := processes.PathOf(x.ID)
	switch {
	case x.State == processes.Filed:
		acts = append(acts, c.stepForm("take_up", "process_take_up", path+"/take-up", struct{}{}))
	case x.By != me.Person && x.Moved == "":
		a := c.stepForm("put", "process_put", path+"/put", struct{}{})
		a.StepUp = c.StepUp(identity.PurposePutInForce, processes.Digest(x.Proposal))
		acts = append(acts, a)
	}
	w := c.stepForm("withdraw", "process_withdraw", path+"/withdraw", withdrawnInput{}, "why")
	w.Button.Kind = "danger"
	return append(acts, w.erring(c, wrong))
}

// proposalStep takes a step about a proposal.
func (s *Server) proposalStep(c *Ctx, form, flash string, take func(id string) error) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	if err = take(id); mendable(err) {
		return s.proposalPage(c, &mistake{form, err})
	}
	return c.doneAt(err, processes.PathOf(id), flash)
}

func (s *Server) takeUpProposal(c *Ctx) error {
	return s.proposalStep(c, "take_up", "flash.process_taken_up", func(id string) error { return s.cfg.Services.Processes.TakeUp(c.Once(), id) })
}

func (s *Server) withdrawProposal(c *Ctx) error {
	return s.proposalStep(c, "withdraw", "flash.process_withdrawn", func(id string) error {
		var in withdrawnInput
		if err := c.Decode(&in); err != nil {
			return err
		}
		return s.cfg.Services.Processes.Withdraw(c.Once(), id, in.Why)
	})
}

func (s *Server) putInForce(c *Ctx) error {
	return s.proposalStep(c, "put", "flash.process_put", func(id string) error {
		x, err := s.cfg.Services.Processes.Compare(c.Ctx(), id)
		if err != nil {
			return err
		}
		ctx, err := c.Proved(identity.PurposePutInForce, processes.Digest(x.Proposal))
		if err != nil {
			return err
		}
		return s.cfg.Services.Processes.PutInForce(ctx, id)
	})
}
