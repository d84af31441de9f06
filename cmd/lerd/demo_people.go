package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lerd/internal/agencies"
	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// sampleAgency is an invented authority of the demonstration.
type sampleAgency struct {
	key, name, country, zone, domain, callBack string
	register, reference                        string // where a registrar found it
	oversight, issuer                          agencies.ContactInput
	unit                                       string
	people                                     []samplePerson
}

// samplePerson is an invented human of the demonstration.
type samplePerson struct {
	signIn, name, pseudonym string
	role                    identity.Role
	supervisor              bool
}

// The cast. Names, domains and numbers are invented; the domains end in
// .example and the numbers lie in ranges kept for fiction.
var sampleAgencies = []sampleAgency{
	{"in", "Cyber Crime Police Station, Sample District", "IN", "Asia/Kolkata", "cyber.sample-district.example", "+44 7700 900801",
		"State police directory, Sample State", "Volume 2, page 118",
		agencies.ContactInput{Name: "State Police Complaints Authority", Channel: "email", Value: "oversight@complaints.sample-state.example"},
		agencies.ContactInput{Name: "Chief Judicial Magistrate, Sample District", Channel: "phone", Value: "+44 7700 900811"},
		"Cyber Cell", []samplePerson{
			{"kavya.menon", "Kavya Menon", "Agency administrator A9", identity.AgencyAdmin, false},
			{"asha.rao", "Asha Rao", "Officer A1", identity.Officer, false},
			{"vikram.nair", "Vikram Nair", "Officer A2", identity.Officer, true},
		}},
	{"de", "Staatsanwaltschaft Musterstadt", "DE", "Europe/Berlin", "sta-musterstadt.example", "+44 7700 900802",
		"Orts- und Gerichtsverzeichnis, Musterland", "STA 4711",
		agencies.ContactInput{Name: "Ministerium der Justiz, Musterland", Channel: "email", Value: "aufsicht@justiz.musterland.example"},
		agencies.ContactInput{Name: "Amtsgericht Musterstadt", Channel: "phone", Value: "+44 7700 900812"},
		"Abteilung 4", []samplePerson{
			{"petra.vogel", "Petra Vogel", "Agency administrator B9", identity.AgencyAdmin, false},
			{"jana.weber", "Jana Weber", "Officer B1", identity.Officer, false},
		}},
}

var sampleStaff = []samplePerson{
	{"rita.lind", "Rita Lind", "Reviewer 7F", identity.Reviewer, true},
	{"omar.haddad", "Omar Haddad", "Reviewer 2C", identity.Reviewer, false},
	{"helen.park", "Helen Park", "Counsel 1A", identity.Counsel, false},
	{"maya.stern", "Maya Stern", "Counsel 4D", identity.Counsel, false},
	{"carl.ito", "Carl Ito", "Confirmer 4B", identity.Confirmer, false},
	{"dana.cruz", "Dana Cruz", "Confirmer 9E", identity.Confirmer, false},
	{"emil.novak", "Emil Novak", "Confirmer 3D", identity.Confirmer, false},
	{"anna.keller", "Anna Keller", "Approver 5A", identity.Approver, false},
	{"ben.osei", "Ben Osei", "Approver 8C", identity.Approver, false},
	{"ines.moreau", "Ines Moreau", "Auditor 6B", identity.Auditor, false},
	{"tariq.aziz", "Tariq Aziz", "Auditor 1C", identity.Auditor, false},
	{"lena.frost", "Lena Frost", "Auditor 9A", identity.Auditor, false},
	{"nora.berg", "Nora Berg", "Registrar 3E", identity.Registrar, false},
	{"paul.adler", "Paul Adler", "Registrar 8D", identity.Registrar, false},
	{"tess.boyd", "Tess Boyd", "Administrator 2A", identity.Administrator, false},
	{"hugo.marsh", "Hugo Marsh", "Administrator 7D", identity.Administrator, false},
}

// seedPeople registers the cast once: the staff, then each agency, which two
// registrars vet, with a certificate of its own whose key lies in the data
// folder, as if the agency held it.
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
	for _, p := range sampleStaff {
		if err := s.invite(ctx, p, "", ""); err != nil {
			return err
		}
	}
	for _, a := range sampleAgencies {
		if err := s.seedAgency(ctx, a, pki, now); err != nil {
			return err
		}
	}
	return nil
}

func (s *system) invite(ctx context.Context, p samplePerson, agency identity.AgencyID, unit identity.UnitID) (err error) {
	defer fault.Wrap(&err, "invite(%s)", p.signIn)
	person := &identity.Person{ID: identity.PersonID(uuid.NewString()), Name: personal.NewText(p.name), SignIn: p.signIn,
		Pseudonym: p.pseudonym, Role: p.role, Agency: agency, Supervisor: p.supervisor}
	if p.role == identity.Officer {
		person.Unit = unit
	}
	if p.role.OfAgency() {
		person.ReverifyBy = s.now().Add(agencies.OfficerValidity).UTC().Truncate(time.Microsecond)
	}
	return s.people.Invite(ctx, person)
}
