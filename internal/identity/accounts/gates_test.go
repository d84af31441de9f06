package accounts

import (
	"context"
	"strings"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/testkit/everybody"
)

// desk is a store of one account. Everybody may do everything: what refuses is the
// gates' own.
type desk struct {
	Store
	Passkeys

	account   Account
	all       []Account
	keys      []identity.Passkey
	committed int
}

func (d *desk) Repeated(context.Context, *change.Key) error { return nil }

func (d *desk) Commit(context.Context, change.Set) error { d.committed++; return nil }

func (d *desk) Account(context.Context, identity.PersonID) (Account, error) { return d.account, nil }

func (d *desk) Accounts(context.Context, []identity.Role, identity.AgencyID) ([]Account, error) {
	return d.all, nil
}

func (d *desk) InUse(context.Context, identity.PersonID) ([]identity.Passkey, error) {
	return d.keys, nil
}

func (d *desk) All(context.Context, identity.PersonID) ([]identity.Passkey, error) {
	return d.keys, nil
}

const them = identity.PersonID("00000000-0000-4000-8000-0000000000aa")

// of gives a desk with an account of a role, in use or not.
func of(role identity.Role, active bool, more ...func(*Account)) desk {
	a := Account{Person: identity.Person{ID: them, Role: role, Active: active, Version: 2}}
	for _, m := range more {
		m(&a)
	}
	return desk{account: a}
}

func leads(a *Account) { a.Person.Supervisor = true }

func proposes(what string, by identity.PersonID) func(*Account) {
	return func(a *Account) { a.Change = &Change{Person: them, What: what, State: Proposed, ProposedBy: by} }
}

func invited(state State) func(*Account) {
	return func(a *Account) { a.Invitation = &Invitation{ID: "i", Person: them, State: state, InvitedBy: "first"} }
}

type act func(context.Context, *Service) error

func suspend(ctx context.Context, s *Service) error { return s.Suspend(ctx, them, "They left.") }
func propose(ctx context.Context, s *Service) error { return s.Propose(ctx, them, "They left.") }
func decide(ctx context.Context, s *Service) error  { return s.Decide(ctx, them, true) }
func lead(ctx context.Context, s *Service) error    { return s.ProposeLead(ctx, them, "They can.") }
func agree(ctx context.Context, s *Service) error   { return s.DecideLead(ctx, them, true) }
func endLead(ctx context.Context, s *Service) error { return s.EndLead(ctx, them) }
func cancel(ctx context.Context, s *Service) error  { return s.Cancel(ctx, them) }
func revet(ctx context.Context, s *Service) error   { _, _, err := s.Revet(ctx, them); return err }
func remove(ctx context.Context, s *Service) error  { return s.RemovePasskey(ctx, "k") }
func link(ctx context.Context, s *Service) error {
	return s.LinkFromServer(ctx, them, "https://id.example", "them")
}
func confirmed(role identity.Role) act {
	return func(ctx context.Context, s *Service) error { return s.serverMay(ctx, role) }
}

// TestGatesOfAccounts meets each gate alone: nothing else of the step refuses, so
// that without it the step is taken.
func TestGatesOfAccounts(t *testing.T) {
	two := []Account{{Person: identity.Person{Active: true}}, {Person: identity.Person{Active: true}}}
	erased := func(a *Account) { a.Person.SignIn = "erased x" }
	for name, c := range map[string]struct {
		desk desk
		do   act
		want fault.Kind // of the refusal; empty where the step is taken
		asks bool       // it takes no step
	}{
		"suspended":                        {of(identity.Reviewer, true), suspend, "", false},
		"suspended twice":                  {of(identity.Reviewer, false), suspend, fault.Conflict, false},
		"an auditor's end is proposed":     {of(identity.Auditor, true), propose, "", false},
		"proposed after the end":           {of(identity.Auditor, false), propose, fault.Conflict, false},
		"proposed twice":                   {of(identity.Auditor, true, proposes(DoSuspend, "first")), propose, fault.Conflict, false},
		"agreed to":                        {of(identity.Auditor, true, proposes(DoSuspend, "first")), decide, "", false},
		"agreed to by who proposed":        {of(identity.Auditor, true, proposes(DoSuspend, "me")), decide, fault.Gate, false},
		"agreed to and not proposed":       {of(identity.Auditor, true, proposes(DoLead, "first")), decide, fault.Conflict, false},
		"proposed to lead":                 {of(identity.Reviewer, true), lead, "", false},
		"leads already":                    {of(identity.Reviewer, true, leads), lead, fault.Conflict, false},
		"a confirmer to lead":              {of(identity.Confirmer, true), lead, fault.Conflict, false},
		"leads by another's word":          {of(identity.Reviewer, true, proposes(DoLead, "first")), agree, "", false},
		"leads by the proposer's word":     {of(identity.Reviewer, true, proposes(DoLead, "me")), agree, fault.Gate, false},
		"leads after the end":              {of(identity.Reviewer, false, proposes(DoLead, "first")), agree, fault.Conflict, false},
		"leads and not proposed":           {of(identity.Reviewer, true), agree, fault.Conflict, false},
		"leads no longer":                  {of(identity.Reviewer, true, leads), endLead, "", false},
		"never led":                        {of(identity.Reviewer, true), endLead, fault.Conflict, false},
		"an invitation is taken back":      {of(identity.Reviewer, false, invited(Open)), cancel, "", false},
		"an invitation that was confirmed": {of(identity.Reviewer, false, invited(Confirmed)), cancel, fault.Conflict, false},
		"no invitation":                    {of(identity.Reviewer, false), cancel, fault.Conflict, false},
		"vetted anew":                      {of(identity.Reviewer, true), revet, "", false},
		"an auditor vetted anew":           {of(identity.Auditor, true), revet, fault.Gate, false},
		"somebody erased":                  {of(identity.Reviewer, false, erased), revet, fault.Conflict, false},
		"linked":                           {of(identity.Reviewer, true), link, "", false},
		"an auditor linked":                {of(identity.Auditor, true), link, fault.Gate, false},
		"an officer linked":                {of(identity.Officer, true), link, fault.Invalid, false},
		"a passkey goes":                   {desk{keys: []identity.Passkey{{ID: "k"}, {ID: "l"}}}, remove, "", false},
		"the last passkey goes":            {desk{keys: []identity.Passkey{{ID: "k"}}}, remove, fault.Gate, false},
		"the server brings in the first":   {desk{all: two[:1]}, confirmed(identity.Auditor), "", true},
		"the server brings in a third":     {desk{all: two}, confirmed(identity.Auditor), fault.Invalid, true},
		"the server brings in a reviewer":  {desk{}, confirmed(identity.Reviewer), fault.Invalid, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := New(Config{Store: &c.desk, Passkeys: &c.desk, Access: everybody.May{}, Repeats: &c.desk, Now: func() time.Time { return atNine }, Rand: strings.NewReader(strings.Repeat("x", 256))})
			ctx := identity.Evaluating(identity.With(t.Context(), identity.Actor{Person: "me", Role: identity.Administrator}), s.Now)
			taken := 0
			if c.want == "" && !c.asks {
				taken = 1
			}
			err := c.do(ctx, s)
			if err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want || c.desk.committed != taken {
				t.Errorf("%v, %d steps", err, c.desk.committed)
			}
		})
	}
}

// TestWhoConfirmsAnAccount: neither who invited it, nor anybody an auditor whom the
// server invited, although they type the right fingerprint.
func TestWhoConfirmsAnAccount(t *testing.T) {
	key := identity.Passkey{ID: "k", PublicKey: []byte("key")}
	for name, c := range map[string]struct {
		role identity.Role
		by   identity.PersonID
		want fault.Kind
	}{"another's": {identity.Auditor, "first", ""}, "one's own": {identity.Auditor, "me", fault.Gate}, "the server's auditor": {identity.Auditor, "", fault.Gate}, "the server's reviewer": {identity.Reviewer, "", ""}} {
		d := of(c.role, false, func(a *Account) {
			a.Invitation = &Invitation{Person: them, State: Enrolled, Passkey: "k", InvitedBy: c.by}
		})
		d.keys = []identity.Passkey{key}
		s := New(Config{Store: &d, Passkeys: &d, Access: everybody.May{}, Repeats: &d, Now: func() time.Time { return atNine }})
		ctx := identity.Evaluating(identity.With(t.Context(), identity.Actor{Person: "me", Role: c.role}), s.Now)
		err := s.Confirm(ctx, them, key.Fingerprint())
		if err == nil != (c.want == "") || err != nil && (fault.KindOf(err) != c.want || d.committed != 0) {
			t.Errorf("%s: %v, %d steps", name, err, d.committed)
		}
	}
}

// TestStrangersHaveNoAccounts: who is not signed in is told to sign in, wherever
// nothing else would ask.
func TestStrangersHaveNoAccounts(t *testing.T) {
	d := &desk{}
	s := New(Config{Store: d, Passkeys: d, Access: everybody.May{}, Repeats: d, Now: func() time.Time { return atNine }})
	for name, do := range map[string]act{
		"their passkeys": func(ctx context.Context, s *Service) error { _, err := s.EveryPasskey(ctx); return err },
		"removing one":   remove,
		"adding one":     func(ctx context.Context, s *Service) error { _, err := s.addition(ctx, "x"); return err },
		"all accounts":   func(ctx context.Context, s *Service) error { _, err := s.List(ctx); return err },
		"inviting": func(ctx context.Context, s *Service) error {
			_, _, err := s.may(ctx, "invite", identity.Reviewer, "")
			return err
		},
	} {
		if err := do(t.Context(), s); fault.KindOf(err) != fault.SignIn {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var atNine = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
