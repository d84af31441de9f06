package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lerd/internal/fault"
	"lerd/internal/fraud"
	"lerd/internal/identity"
)

// containQuery names whom the page is about.
type containQuery struct {
	Agency  string `form:"agency" validate:"required,uuid"`
	Officer string `form:"officer" validate:"omitempty,uuid"`
}

// containInput stops an officer or an agency.
type containInput struct {
	Agency  string `form:"agency" validate:"required,uuid" label:"contain.subject" input:"hidden"`
	Officer string `form:"officer" validate:"omitempty,uuid" label:"contain.subject" input:"hidden"`
	Reason  string `form:"reason" validate:"required" label:"contain.reason" input:"radios"`
	Note    string `form:"note" validate:"max=2000" label:"contain.noticed" hint:"contain.noticed.hint" input:"textarea" rows:"3"`
}

// liftInput asks that a containment end.
type liftInput struct {
	Why string `form:"why" validate:"required,max=2000" label:"lift.why" input:"textarea" rows:"3"`
}

// liftedInput is the second person's word.
type liftedInput struct {
	Word string `form:"word" validate:"required,oneof=yes no" label:"risk.decide.word" input:"radios"`
}

// letterInput is a letter as it is edited.
type letterInput struct {
	Which   string `form:"which" validate:"required,uuid" label:"risk.decide.which" input:"hidden"`
	Subject string `form:"subject" validate:"required,max=200" label:"letter.subject"`
	Body    string `form:"body" validate:"required,max=20000" label:"letter.body" hint:"letter.body.hint" input:"textarea" rows:"14"`
	How     string `form:"how" label:"letter.how" input:"select" width:"medium"`
	Send    bool   `form:"send" label:"letter.send" hint:"letter.send.hint"`
}

func (s *Server) listContainments(c *Ctx) error {
	list, err := s.cfg.Services.Fraud.List(c.Ctx(), true)
	if err != nil {
		return err
	}
	subjects, err := s.cfg.Services.Fraud.Subjects(c.Ctx())
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("containments.title"), Lead: c.T("containments.lead")}
	t := Table{Caption: c.T("containments.table"), Empty: Empty{Title: c.T("containments.none")},
		Columns: []Column{{Text: c.T("containments.subject")}, {Text: c.T("contain.reason")}, {Text: c.T("risk.state")}, {Text: c.T("containments.since")}}}
	names := map[string]string{}
	who := Table{Caption: c.T("containments.who"), Empty: Empty{Title: c.T("agencies.none")}, Columns: []Column{{Text: c.T("agency.name")}, {Text: c.T("containments.stop")}}}
	for _, a := range subjects {
		names[string(a.ID)] = a.Name
		who.Rows = append(who.Rows, []Cell{{Text: a.Name}, {Text: c.T("contain.agency"), Href: containPath(a.ID, "")}})
		for _, o := range a.People {
			names[string(o.ID)] = o.Name.Reveal()
			who.Rows = append(who.Rows, []Cell{{Text: o.Name.Reveal(), Note: a.Name}, {Text: c.T("contain.officer"), Href: containPath(a.ID, o.ID)}})
		}
	}
	for _, x := range list {
		badge, at := c.containmentBadge(x.State), p.When(x.BegunAt)
		name := names[string(x.Agency)]
		if x.Officer != "" {
			name = names[string(x.Officer)]
		}
		t.Rows = append(t.Rows, []Cell{{Text: word(name, x.ID[:8]), Href: fraud.PathOf(x.ID)}, {Text: c.T("contain.reason." + x.Reason)}, {Badge: &badge}, {When: &at}})
	}
	p.Tables = []Table{t, who}
	return deskView.Show(c, p)
}

func containPath(agency identity.AgencyID, officer identity.PersonID) string {
	q := url.Values{"agency": {string(agency)}}
	if officer != "" {
		q.Set("officer", string(officer))
	}
	return "/containments/new?" + q.Encode()
}

func (c *Ctx) containmentBadge(state string) Badge {
	tone := map[string]Tone{fraud.Begun: Danger, fraud.Complete: Danger, fraud.Lifting: Caution, fraud.Lifted: Plain}[state]
	return Badge{c.T("containment.state." + state), tone}
}

func (s *Server) newContainment(c *Ctx) error {
	var q containQuery
	if err := c.DecodeQuery(&q); err != nil || q.Agency == "" {
		return c.SeeOther("/containments", "")
	}
	return s.showContain(c, containInput{Agency: q.Agency, Officer: q.Officer}, nil)
}

func (s *Server) showContain(c *Ctx, in containInput, wrong error) error {
	subjects, err := s.cfg.Services.Fraud.Subjects(c.Ctx())
	if err != nil {
		return err
	}
	name, agency := subjectOf(subjects, in)
	if agency == "" {
		return notFound()
	}
	p := deskPage{Base: c.Base("contain.title"), Lead: c.T("contain.lead")}
	p.Crumbs = []Crumb{{c.T("containments.title"), "/containments"}, {c.T("contain.title"), ""}}
	f := facts{c: c}
	f.text("containments.subject", word(name, c.T("contain.whole")))
	f.text("review.agency", agency)
	p.Facts, p.Problems = f.list, wrong != nil
	var m *mistake
	if wrong != nil {
		m = &mistake{"contain", wrong}
	}
	a := c.stepForm("contain", "contain", "/containments/new", in, "agency", "officer", "reason", "note")
	a.Form.Options("reason", c.choose("contain.reason", fraud.Reasons...))
	a.StepUp = c.StepUp(identity.PurposeContain, fraud.ContainDigest(fraud.Subject{Agency: identity.AgencyID(in.Agency), Officer: identity.PersonID(in.Officer)}))
	a.Button.Kind = "danger"
	p.Acts = []StepForm{a.erring(c, m)}
	return deskView.Show(c, p)
}

func subjectOf(list []fraud.AgencyPeople, in containInput) (name, agency string) {
	for _, a := range list {
		if string(a.ID) != in.Agency {
			continue
		}
		if in.Officer == "" {
			return "", a.Name
		}
		for _, o := range a.People {
			if string(o.ID) == in.Officer {
				return o.Name.Reveal(), a.Name
			}
		}
	}
	return "", ""
}

func (s *Server) contain(c *Ctx) error {
	var in containInput
	err := c.Decode(&in)
	if err != nil && in.Agency == "" {
		return notFound()
	}
	var made fraud.Containment
	if err == nil {
		subject := fraud.Subject{Agency: identity.AgencyID(in.Agency), Officer: identity.PersonID(in.Officer)}
		ctx, proofErr := c.Proved(identity.PurposeContain, fraud.ContainDigest(subject))
		if err = proofErr; err == nil {
			made, err = s.cfg.Services.Fraud.Contain(ctx, fraud.ContainInput{Subject: subject, Reason: in.Reason, Note: in.Note})
		}
	}
	if mendable(err) {
		return s.showContain(c, in, err)
	}
	return c.Done(err, fraud.PathOf(made.ID), "flash.contained")
}

func (s *Server) showContainment(c *Ctx) error { return s.showContainmentPage(c, nil) }

func (s *Server) showContainmentPage(c *Ctx, wrong *mistake) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	sh, err := s.cfg.Services.Fraud.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("containment.title"), Badges: []Badge{c.containmentBadge(sh.State)}, Lead: c.T("containment.lead")}
	p.Crumbs = []Crumb{{c.T("containments.title"), "/containments"}, {sh.AgencyName, ""}}
	p.Problems = wrong != nil
	if wrong != nil && len(fault.ProblemsOf(wrong.err)) == 0 {
		p.Notices = append(p.Notices, Notice{Kind: Danger, Title: c.T("review.not_done"), Text: c.Say(fault.Message(wrong.err))})
		c.status = fault.Status(wrong.err)
	}
	f := facts{c: c}
	f.text("containments.subject", word(sh.Name.Reveal(), c.T("contain.whole")))
	f.text("review.agency", sh.AgencyName)
	f.text("contain.reason", c.T("contain.reason."+sh.Reason))
	since := p.When(sh.BegunAt)
	f.add("containments.since", Cell{When: &since})
	f.text("contain.noticed", sh.Note.Reveal())
	f.text("lift.why", sh.LiftReason.Reveal())
	p.Facts = f.list
	p.Tables = []Table{c.frozenTable(sh), c.disclosedTable(sh, p.Base)}
	p.Links = []NavItem{{Text: c.T("containment.csv"), Href: fraud.PathOf(id) + "/disclosures.csv"}}
	p.Acts = c.containmentActs(sh, wrong)
	return deskView.Show(c, p)
}

func (c *Ctx) frozenTable(sh fraud.Sheet) Table {
	t := Table{Caption: c.T("containment.open", "n", len(sh.Open)), Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("requests.col.state")}}, Empty: Empty{Title: c.T("containment.open.none")}}
	for _, o := range sh.Open {
		t.Rows = append(t.Rows, []Cell{{Code: o.Ref}, {Text: c.T("review.state." + o.State)}})
	}
	return t
}

func (c *Ctx) disclosedTable(sh fraud.Sheet, b Base) Table {
	t := Table{Caption: c.T("containment.disclosed", "n", len(sh.Disclosed)), Empty: Empty{Title: c.T("containment.disclosed.none")},
		Columns: []Column{{Text: c.T("release.bundle")}, {Text: c.T("request.f.order_number")}, {Text: c.T("bundle.records")}, {Text: c.T("containment.ready")}, {Text: c.T("containment.fetched")}}}
	for _, d := range sh.Disclosed {
		at := b.When(d.ReadyAt)
		var who []string
		for _, x := range d.Fetched {
			who = append(who, c.T("containment.fetch", "name", x.Name.Reveal(), "at", x.At.UTC().Format("2006-01-02 15:04 UTC"), "state", c.T("containment.fetch."+x.State)))
		}
		t.Rows = append(t.Rows, []Cell{{Code: d.Ref, Note: d.RequestRef}, {Text: d.Order, Note: d.Name.Reveal()},
			{Text: c.T("bundle.counts", "phones", c.T("bundle.phones", "n", d.Phones), "addresses", c.T("bundle.addresses", "n", d.Addresses)), Note: c.T("containment.accounts", "n", d.Accounts)},
			{When: &at}, {Text: word(strings.Join(who, " "), c.T("containment.fetched.none"))}})
	}
	return t
}

func (c *Ctx) containmentActs(sh fraud.Sheet, wrong *mistake) (acts []StepForm) {
	me, _ := c.Actor()
	switch {
	case sh.State == fraud.Complete:
		a := c.stepForm("lift", "lift", fraud.PathOf(sh.ID)+"/lift", liftInput{}, "why")
		a.StepUp = c.StepUp(identity.PurposeContain, fraud.ProposeLiftDigest(sh.ID))
		acts = append(acts, a.erring(c, wrong))
	case sh.State == fraud.Lifting && sh.LiftBy != me.Person:
		a := c.stepForm("lifted", "lifted", fraud.PathOf(sh.ID)+"/lifted", liftedInput{}, "word")
		a.Form.Options("word", c.choose("risk.word", "yes", "no"))
		a.StepUp = c.StepUp(identity.PurposeContain, fraud.LiftDigest(sh.ID))
		acts = append(acts, a.erring(c, wrong))
	}
	for _, l := range sh.Letters {
		acts = append(acts, c.letterAct(sh, l, wrong))
	}
	return acts
}

func (c *Ctx) letterAct(sh fraud.Sheet, l fraud.Letter, wrong *mistake) StepForm {
	id := "letter-" + string(l.Recipient)
	if l.State == "sent" {
		f := facts{c: c}
		f.text("letter.subject", l.Subject.Reveal())
		f.text("letter.how", c.T("letter.how."+l.SentHow))
		return StepForm{ID: id, Title: c.T("letter.to." + string(l.Recipient)), Note: c.T("letter.sent"), Facts: f.list}
	}
	a := c.stepForm(id, "letter", fraud.PathOf(sh.ID)+"/letter", letterInput{Which: l.ID, Subject: l.Subject.Reveal(), Body: l.Body.Reveal()}, "which", "subject", "body", "how", "send")
	a.Title = c.T("letter.to." + string(l.Recipient))
	a.Form.Options("how", append([]Option{{Value: "", Text: c.T("form.choose")}}, c.choose("letter.how", "post", "mail", "portal", "handed_over")...))
	if wrong != nil && wrong.form == "letter" && c.values.Get("which") == l.ID {
		c.again(a.Form, wrong.err)
	}
	return a
}

func (s *Server) writeLetter(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	var in letterInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Fraud.WriteLetter(c.Once(), id, in.Which, fraud.LetterInput{Subject: in.Subject, Body: in.Body, How: in.How, Send: in.Send})
	}
	if mendable(err) {
		return s.showContainmentPage(c, &mistake{"letter", err})
	}
	return c.doneAt(err, fraud.PathOf(id), "flash.letter_kept")
}

func (s *Server) proposeLift(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	var in liftInput
	if err = c.Decode(&in); err == nil {
		var ctx context.Context
		if ctx, err = c.Proved(identity.PurposeContain, fraud.ProposeLiftDigest(id)); err == nil {
			err = s.cfg.Services.Fraud.ProposeLift(ctx, id, in.Why)
		}
	}
	if mendable(err) {
		return s.showContainmentPage(c, &mistake{"lift", err})
	}
	return c.doneAt(err, fraud.PathOf(id), "flash.lift_proposed")
}

func (s *Server) decideLift(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	var in liftedInput
	if err = c.Decode(&in); err == nil {
		ctx := c.Once()
		if in.Word == "yes" {
			ctx, err = c.Proved(identity.PurposeContain, fraud.LiftDigest(id))
		}
		if err == nil {
			err = s.cfg.Services.Fraud.Lift(ctx, id, in.Word == "yes")
		}
	}
	if mendable(err) {
		return s.showContainmentPage(c, &mistake{"lifted", err})
	}
	return c.doneAt(err, fraud.PathOf(id), "flash.lift_decided")
}

// disclosuresCSV gives the list of everything that left, a line for each fetch
// and one for a bundle that nobody fetched.
func (s *Server) disclosuresCSV(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	sh, err := s.cfg.Services.Fraud.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"bundle", "request", "process", "order_number", "officer", "accounts", "phone_numbers", "ip_addresses", "ready_at", "state", "fetched_by", "fetched_at", "fetch_state", "bytes"})
	for _, d := range sh.Disclosed {
		row := []string{d.Ref, d.RequestRef, d.Process, plainCell(d.Order), plainCell(d.Name.Reveal()), strconv.Itoa(d.Accounts), strconv.Itoa(d.Phones), strconv.Itoa(d.Addresses), d.ReadyAt.UTC().Format(time.RFC3339), d.State}
		if len(d.Fetched) == 0 {
			_ = w.Write(append(row, "", "", "", ""))
		}
		for _, x := range d.Fetched {
			_ = w.Write(append(row[:len(row):len(row)], plainCell(x.Name.Reveal()), x.At.UTC().Format(time.RFC3339), x.State, strconv.FormatInt(x.Bytes, 10)))
		}
	}
	w.Flush()
	c.Response().Header().Set("Content-Disposition", `attachment; filename="disclosures-`+id[:8]+`.csv"`)
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", b.Bytes())
}

// plainCell keeps a spreadsheet from reading a text as a formula. Full-width signs count
// as well, where a spreadsheet is Japanese or Chinese.
// SPEC: OWASP ASVS 5.0 V1.2.10.
func plainCell(s string) string {
	if first, _ := utf8.DecodeRuneInString(s); s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
