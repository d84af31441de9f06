package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// sampleAgency is an invented authority of the demonstration.
type sampleAgency struct {
	key, name, country, zone, domain, callBack string
	officers                                   []samplePerson
}

// samplePerson is an invented human of the demonstration.
type samplePerson struct {
	signIn, name, pseudonym string
	role                    identity.Role
}

// The cast. Names, domains and numbers are invented; the domains end in
// .example and the numbers lie in ranges kept for fiction.
var sampleAgencies = []sampleAgency{
	{"in", "Cyber Crime Police Station, Sample District", "IN", "Asia/Kolkata", "cyber.sample-district.example", "+44 7700 900801", []samplePerson{
		{"asha.rao", "Asha Rao", "Officer A1", identity.Officer},
		{"vikram.nair", "Vikram Nair", "Officer A2", identity.Officer},
	}},
	{"de", "Staatsanwaltschaft Musterstadt", "DE", "Europe/Berlin", "sta-musterstadt.example", "+44 7700 900802", []samplePerson{
		{"jana.weber", "Jana Weber", "Officer B1", identity.Officer},
	}},
}

var sampleStaff = []samplePerson{
	{"rita.lind", "Rita Lind", "Reviewer 7F", identity.Reviewer},
	{"omar.haddad", "Omar Haddad", "Reviewer 2C", identity.Reviewer},
	{"helen.park", "Helen Park", "Counsel 1A", identity.Counsel},
	{"carl.ito", "Carl Ito", "Confirmer 4B", identity.Confirmer},
	{"dana.cruz", "Dana Cruz", "Confirmer 9E", identity.Confirmer},
	{"emil.novak", "Emil Novak", "Confirmer 3D", identity.Confirmer},
	{"anna.keller", "Anna Keller", "Approver 5A", identity.Approver},
	{"ben.osei", "Ben Osei", "Approver 8C", identity.Approver},
	{"ines.moreau", "Ines Moreau", "Auditor 6B", identity.Auditor},
}

// seedPeople registers the cast once, each agency with a certificate of its own
// whose key lies in the data folder, as if the agency held it.
func (s *system) seedPeople(ctx context.Context, now time.Time) error {
	ctx = identity.With(ctx, identity.SystemActor())
	there, err := s.store.People(ctx)
	if err != nil || len(there) > 0 {
		return err
	}
	pki, err := demopki.Load(s.cfg.path("keys", "demo-pki"))
	if err != nil {
		return err
	}
	for _, a := range sampleAgencies {
		if err := s.seedAgency(ctx, a, pki, now); err != nil {
			return err
		}
	}
	for _, p := range sampleStaff {
		if err := s.invite(ctx, p, "", false); err != nil {
			return err
		}
	}
	return nil
}

func (s *system) seedAgency(ctx context.Context, a sampleAgency, pki *demopki.PKI, now time.Time) error {
	to, err := pki.Recipient(demopki.Options{Organisation: a.name, URL: s.cfg.PublicOrigin + "/.well-known/lerd", Now: now}, true)
	if err != nil {
		return err
	}
	base := s.cfg.path("agencies", a.key)
	if err := os.MkdirAll(filepath.Dir(base), 0o700); err != nil {
		return err
	}
	if err := to.Save(base); err != nil {
		return err
	}
	agency := &identity.Agency{ID: identity.AgencyID(uuid.NewString()), Name: a.name, Country: a.country, Zone: a.zone, Domain: a.domain,
		CallBack: a.callBack, CertPEM: demopki.CertsPEM(to.Cert), Standing: identity.Verified}
	if err := s.people.Register(ctx, agency); err != nil {
		return err
	}
	for i, p := range a.officers {
		if err := s.invite(ctx, p, agency.ID, i > 0); err != nil {
			return err
		}
	}
	if len(a.officers) == 1 { // nobody could sign a second time
		return s.cases.ChooseCosignature(ctx, agency.ID, "", false)
	}
	return nil
}

// invite registers one of the cast; of an agency, all but its first officer
// supervise.
func (s *system) invite(ctx context.Context, p samplePerson, agency identity.AgencyID, supervisor bool) (err error) {
	defer fault.Wrap(&err, "invite(%s)", p.signIn)
	return s.people.Invite(ctx, &identity.Person{ID: identity.PersonID(uuid.NewString()), Name: personal.NewText(p.name), SignIn: p.signIn,
		Pseudonym: p.pseudonym, Role: p.role, Agency: agency, Supervisor: supervisor})
}
