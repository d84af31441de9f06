package web

import (
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// fingerprintInput is the fingerprint as the person read it out.
type fingerprintInput struct {
	Fingerprint string `form:"fingerprint" validate:"required,max=40" label:"accounts.fingerprint" hint:"accounts.fingerprint.hint" input:"code" width:"medium" autocomplete:"off"`
}

// whyInput is why access is taken away.
type whyInput struct {
	Why string `form:"why" validate:"required,max=1000" label:"accounts.why" hint:"accounts.why.hint" input:"textarea" rows:"3"`
}

// accountPage is one account with what can be done about it.
type accountPage struct {
	Base
	Badge   Badge
	Facts   []Fact
	Own     bool
	Trouble string
	Forms   []accountForm
}

// accountForm is one thing that can be done, with its form.
type accountForm struct {
	ID, Title, Text string
	Form            *Form // of the fields
	Fields          []Field
	StepUp          *StepUp
	Buttons         []Button
}

var accountView = newPage[accountPage]("accounts_show", "breadcrumb", "badge", "facts", "cell", "when", "digest", "field", "error_summary", "button", "step_up")

func (s *Server) showAccount(c *Ctx) error { return s.showAccountPage(c, "", nil) }

// personID gives the person whom the address names.
func (c *Ctx) personID() (identity.PersonID, error) {
	id, err := c.UUIDParam("id")
	return identity.PersonID(id), err
}

// showAccountPage shows an account; wrong is what is wrong with the form that
// which names.
func (s *Server) showAccountPage(c *Ctx, which string, wrong error) error {
	id, err := c.personID()
	if err != nil {
		return err
	}
	a, err := s.cfg.People.Accounts.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	actor, _ := c.Actor()
	p := accountPage{Base: c.Base("accounts.of", "name", a.Person.Name.Reveal()), Badge: c.accountBadge(a), Own: actor.Person == id}
	p.Crumbs = []Crumb{{c.T("accounts.title"), "/accounts"}, {a.Person.Name.Reveal(), ""}}
	p.Facts = c.accountFacts(p.Base, a)
	if s.supervisorWaits(c, a.Person) {
		f := facts{c: c}
		f.text("accounts.supervisor", c.T("accounts.supervisor.waits"))
		p.Facts = append(p.Facts, f.list...)
	}
	if !p.Own {
		p.Forms = s.accountForms(c, a)
	}
	if wrong != nil {
		p.Problems = true
		c.SetStatus(fault.Status(wrong))
		if !c.markForm(p.Forms, which, wrong) {
			p.Trouble = c.Say(fault.Message(wrong))
		}
	}
	return accountView.Show(c, p)
}

// markForm puts the problems beside the fields of the form that they belong to.
func (c *Ctx) markForm(forms []accountForm, which string, wrong error) bool {
	for i := range forms {
		if forms[i].ID == which && len(fault.ProblemsOf(wrong)) > 0 && forms[i].Form != nil {
			forms[i].Form = c.again(forms[i].Form, wrong)
			for j, f := range forms[i].Fields {
				forms[i].Fields[j], _ = forms[i].Form.Field(f.Name)
			}
			return true
		}
	}
	return false
}

func (c *Ctx) accountFacts(b Base, a accounts.Account) []Fact {
	f := facts{c: c}
	f.text("accounts.role", c.T("role."+string(a.Person.Role)))
	f.text("accounts.pseudonym", a.Person.Pseudonym)
	if a.Person.Supervisor && a.Person.Role == identity.Officer {
		f.text("accounts.supervisor", c.T("yes"))
	}
	f.text("accounts.lead", c.leadWords(a))
	f.text("accounts.passkeys", c.T("accounts.passkeys.n", "n", a.Passkeys))
	if !a.LastSignIn.IsZero() {
		at := b.When(a.LastSignIn)
		f.add("accounts.last", Cell{When: &at})
	}
	if a.Invitation != nil && a.Invitation.State == accounts.Open {
		at := b.When(a.Invitation.ExpiresAt)
		f.add("accounts.code.until", Cell{When: &at})
	}
	if a.Person.DownloadFrom.After(c.Now()) {
		at := b.When(a.Person.DownloadFrom)
		f.add("accounts.download_from", Cell{When: &at})
	}
	if a.Change != nil && a.Change.State == accounts.Proposed {
		f.text("accounts.proposed_why", a.Change.Why)
	}
	return f.list
}

// accountForms are what can be done about an account as it stands. The domain
// asks the policy again.
func (s *Server) accountForms(c *Ctx, a accounts.Account) (out []accountForm) {
	id, state := a.Person.ID, c.accountState(a)
	actor, _ := c.Actor()
	add := func(name string, in any, fields []string, u *StepUp, buttons ...Button) {
		f := accountForm{ID: name, Title: c.T("accounts.do." + name), Text: c.T("accounts.do." + name + ".text"), StepUp: u, Buttons: buttons}
		f.Form = c.Form(accounts.PathOf(id)+"/"+name, in).prefixed(name)
		for _, n := range fields {
			fd, _ := f.Form.Field(n)
			f.Fields = append(f.Fields, fd)
		}
		out = append(out, f)
	}
	button := func(name, kind string) Button {
		return Button{Text: c.T("accounts.do." + name + ".button"), Kind: kind}
	}
	if !s.looksAfter(c, a.Person.Role) {
		return nil
	}
	switch state {
	case "erased":
		return nil
	case "enrolled":
		if _, key, err := s.cfg.People.Accounts.Waiting(c.Ctx(), id); err == nil {
			add("confirm", fingerprintInput{}, []string{"fingerprint"}, c.StepUp(identity.PurposeInvite, accounts.ConfirmDigest(a, key)), button("confirm", "primary"))
		}
		add("cancel", struct{}{}, nil, nil, button("cancel", "danger"))
	case "invited":
		add("cancel", struct{}{}, nil, nil, button("cancel", "danger"))
	case "active":
		if a.Person.Role == identity.Auditor {
			add("propose", whyInput{}, []string{"why"}, c.StepUp(identity.PurposeAccount, accounts.EndDigest("propose", id)), button("propose", "danger"))
			return out
		}
		s.leadForms(c, a, add)
		if name, u := s.supervisorForm(c, a); name != "" {
			add(name, struct{}{}, nil, u, button(name, "secondary"))
		}
		add("sign-out", struct{}{}, nil, nil, button("sign-out", "secondary"))
		add("suspend", whyInput{}, []string{"why"}, c.StepUp(identity.PurposeAccount, accounts.EndDigest(accounts.DoSuspend, id)), button("suspend", "danger"))
	case "proposed":
		// A form for each answer: what the passkey signs says which it is.
		if a.Change.ProposedBy != actor.Person {
			add("decide", struct{}{}, nil, c.StepUp(identity.PurposeAccount, a.Change.Digest(true)), Button{Text: c.T("accounts.do.decide.yes"), Kind: "danger", Name: "yes", Value: "yes"})
		}
		add("decide", struct{}{}, nil, c.StepUp(identity.PurposeAccount, a.Change.Digest(false)), Button{Text: c.T("accounts.do.decide.no"), Kind: "secondary", Name: "yes", Value: "no"})
		last := &out[len(out)-1]
		last.ID, last.Title, last.Text = "decide-no", c.T("accounts.do.decide.no"), ""
		return out
	}
	add("again", struct{}{}, nil, c.StepUp(identity.PurposeInvite, accounts.EndDigest(accounts.DoRevet, id)), button("again", "secondary"))
	return out
}

// looksAfter tells whether the reader may change accounts of a role, or only see
// them.
func (s *Server) looksAfter(c *Ctx, role identity.Role) bool {
	for _, r := range s.cfg.People.Accounts.Invites(c.Ctx()) {
		if r == role {
			return true
		}
	}
	return false
}
