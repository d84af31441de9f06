package accounts

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Invite is whom somebody invites.
type Invite struct {
	Name       string
	Role       identity.Role
	Agency     identity.AgencyID // of an agency's people; their administrator's own is taken
	Unit       identity.UnitID
	ReverifyBy time.Time
}

// Digest is what the inviter agrees to.
func (in Invite) Digest() identity.Digest {
	return identity.DigestOf("invite", in.Name, string(in.Role), string(in.Agency), string(in.Unit))
}

// at fills in the agency of an inviter who belongs to one.
func (in Invite) at(actor identity.Actor) Invite {
	if actor.Agency != "" {
		in.Agency = actor.Agency
	}
	in.Name = strings.TrimSpace(in.Name)
	return in
}

func (in Invite) check() error {
	var p []fault.Problem
	if in.Name == "" || len([]rune(in.Name)) > 120 {
		p = append(p, fault.Problem{Field: "name", Message: "Give the person's name, in at most 120 characters."})
	}
	return fault.Fields(p)
}

// Invite brings a person in, not yet alive, and gives the code which the inviter
// hands over. It is given out once. The inviter agrees with their passkey to what
// Digest describes.
func (s *Service) Invite(ctx context.Context, in Invite) (code string, _ Invitation, err error) {
	defer fault.Wrap(&err, "accounts.Invite")
	actor, _ := identity.From(ctx)
	in = in.at(actor)
	actor, rule, err := s.may(ctx, "invite", in.Role, in.Agency)
	if err != nil {
		return "", Invitation{}, err
	}
	if err := in.check(); err != nil {
		return "", Invitation{}, err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeInvite, in.Digest())
	if err != nil {
		return "", Invitation{}, err
	}
	return s.invite(ctx, in, actor.Person, rule, &proof)
}

// InviteFromServer is the operator's own command, which nobody can reach over
// the network: it brings in the first administrators and auditors, of each while
// fewer than two are alive, and any other role of staff, whose enrolment an
// administrator confirms.
func (s *Service) InviteFromServer(ctx context.Context, in Invite) (code string, _ Invitation, err error) {
	defer fault.Wrap(&err, "accounts.InviteFromServer")
	if !in.Role.Known() || in.Role.OfAgency() {
		return "", Invitation{}, fault.New(fault.Invalid, "The server invites the platform's own people only; an agency's are invited in the portal.")
	}
	if err := s.serverMay(ctx, in.Role); err != nil && s.bootstraps(in.Role) {
		return "", Invitation{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	if err := in.check(); err != nil {
		return "", Invitation{}, err
	}
	return s.invite(system(ctx), in, "", "server", nil)
}

// bootstraps tells whether the server may bring in the first of a role.
func (s *Service) bootstraps(r identity.Role) bool {
	return r == identity.Administrator || r == identity.Auditor
}

// serverMay refuses the server's command where people can do it.
func (s *Service) serverMay(ctx context.Context, role identity.Role) error {
	if !s.bootstraps(role) {
		return fault.New(fault.Invalid, "An administrator confirms this in the portal.")
	}
	all, err := s.Store.Accounts(system(ctx), []identity.Role{role}, "")
	if err != nil {
		return err
	}
	alive := 0
	for _, a := range all {
		if a.Person.Active {
			alive++
		}
	}
	if alive >= 2 {
		return fault.New(fault.Invalid, "Two people hold this role already. They do this in the portal.")
	}
	return nil
}

func (s *Service) invite(ctx context.Context, in Invite, by identity.PersonID, rule string, proof *identity.Proof) (string, Invitation, error) {
	id := identity.PersonID(uuid.NewString())
	if in.Role.OfAgency() && in.ReverifyBy.IsZero() {
		in.ReverifyBy = s.now().Add(ServesFor)
	}
	p := &identity.Person{ID: id, Name: personal.NewText(in.Name), SignIn: string(id), Role: in.Role, Agency: in.Agency, Unit: in.Unit,
		ReverifyBy: in.ReverifyBy, Version: 1}
	var err error
	if p.Pseudonym, err = s.pseudonym(in.Role); err != nil {
		return "", Invitation{}, err
	}
	code, inv, err := s.invitation(p, by, false)
	if err != nil {
		return "", inv, err
	}
	e := s.event(ctx, "person.invited", id, rule)
	e.Facts["role"], e.Facts["agency"], e.Facts["invitation"] = string(in.Role), string(in.Agency), string(inv.ID)
	part := change.Part{Event: e, Insert: []any{p, &inv}}
	if proof != nil {
		change.Prove(&part, *proof)
	}
	return code, inv, s.commit(ctx, PathOf(id), part)
}

// PathOf is where an account's page lies.
func PathOf(id identity.PersonID) string { return "/accounts/" + string(id) }

// invitation makes an invitation with its code.
func (s *Service) invitation(p *identity.Person, by identity.PersonID, revetting bool) (string, Invitation, error) {
	code, err := newCode(s.Rand)
	if err != nil {
		return "", Invitation{}, err
	}
	hash, _ := codeHash(code)
	now := s.now()
	return code, Invitation{ID: ID(uuid.NewString()), Person: p.ID, Agency: p.Agency, Role: p.Role, Revetting: revetting, CodeHash: hash,
		InvitedBy: by, InvitedAt: now, ExpiresAt: now.Add(CodeLife), State: Open, Version: 1}, nil
}

// pseudonym makes the name under which a person appears to others.
func (s *Service) pseudonym(r identity.Role) (string, error) {
	var b [5]byte
	if _, err := io.ReadFull(s.Rand, b[:]); err != nil {
		return "", err
	}
	word := strings.ToUpper(string(r[:1])) + strings.ReplaceAll(string(r[1:]), "_", " ")
	return word + " " + strings.ToUpper(codeAlphabet.EncodeToString(b[:])[:6]), nil
}

// Cancel takes an invitation back; its code and its key open nothing any more.
func (s *Service) Cancel(ctx context.Context, id identity.PersonID) (err error) {
	defer fault.Wrap(&err, "accounts.Cancel(%s)", id)
	a, _, rule, err := s.open(ctx, id, "invite")
	if err != nil {
		return err
	}
	if a.Invitation == nil || a.Invitation.State != Open && a.Invitation.State != Enrolled {
		return fault.New(fault.Conflict, "No invitation waits. Reload the page to see where the account stands.")
	}
	part, err := s.cancelled(ctx, a, rule, "invitation.cancelled")
	if err != nil {
		return err
	}
	return s.commit(ctx, PathOf(id), part)
}

// cancelled is the part that ends an invitation, with the key that it brought.
func (s *Service) cancelled(ctx context.Context, a Account, rule, kind string) (change.Part, error) {
	inv := *a.Invitation
	inv.State, inv.Version = Cancelled, inv.Version+1
	e := s.event(ctx, kind, a.Person.ID, rule)
	e.Facts["invitation"] = string(inv.ID)
	part := change.Part{Event: e, Update: []any{&inv}}
	if err := s.removeKeys(ctx, &part, a.Person.ID, identity.RemovedRevetting); err != nil {
		return part, err
	}
	return part, nil
}

// removeKeys takes every passkey of a person out of use, within a part.
func (s *Service) removeKeys(ctx context.Context, part *change.Part, person identity.PersonID, why identity.Removal) error {
	keys, err := s.Passkeys.InUse(ctx, person)
	for i := range keys {
		keys[i].RemovedAt, keys[i].RemovedWhy, keys[i].Version = s.now(), why, keys[i].Version+1
		part.Update = append(part.Update, &keys[i])
	}
	return err
}
