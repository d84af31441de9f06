package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"lerd/internal/agencies"
	"lerd/internal/callback"
	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// seedAgency vets an agency as registrars do: one enters it and calls, another
// activates it. Then its unit and its people come on file.
func (s *system) seedAgency(ctx context.Context, a sampleAgency, pki *demopki.PKI, now time.Time) (err error) {
	defer fault.Wrap(&err, "seedAgency(%s)", a.key)
	certificate, err := s.agencyKey(a, pki, now)
	if err != nil {
		return err
	}
	first, err := s.castMember(ctx, "nora.berg")
	if err != nil {
		return err
	}
	a = a.whole()
	id, err := s.agencies.Propose(first, agencies.Proposal{Name: a.name, Country: a.country, Zone: a.zone,
		Source:   agencies.SourceInput{Register: a.register, Reference: a.reference, SeenOn: now.UTC().Format(time.DateOnly)},
		CallBack: agencies.ContactInput{Name: a.name, Value: a.callBack}, Domains: []string{a.domain}, Certificates: []string{certificate},
		Oversight: a.oversight, Issuers: []agencies.ContactInput{a.issuer}})
	if err != nil {
		return err
	}
	if err := s.vet(ctx, id); err != nil {
		return err
	}
	unit, err := s.agencies.AddUnit(ctx, id, a.unit)
	if err != nil {
		return err
	}
	supervised := false
	for _, p := range a.people {
		supervised = supervised || p.supervisor
		if err := s.invite(ctx, p, id, unit); err != nil {
			return err
		}
	}
	if !supervised { // nobody could sign a second time
		return s.cases.ChooseCosignature(ctx, id, "", false)
	}
	return nil
}

// whole fills in what an agency of little part in the story leaves out.
func (a sampleAgency) whole() sampleAgency {
	if a.register == "" {
		a.register, a.reference, a.unit = "Sample directory of authorities", "entry "+a.key, "Unit 1"
		a.oversight = agencies.ContactInput{Name: "Oversight of " + a.name, Channel: "email", Value: "oversight@" + a.domain}
		a.issuer = agencies.ContactInput{Name: "Court of " + a.name, Channel: "email", Value: "court@" + a.domain}
	}
	return a
}

// vet takes an agency's open round through its call to its activation.
func (s *system) vet(ctx context.Context, id identity.AgencyID) error {
	first, err := s.castMember(ctx, "nora.berg")
	if err != nil {
		return err
	}
	call, err := s.calls.Begin(first, agencies.Subject(id))
	if err != nil {
		return err
	}
	answers := map[string]string{}
	for _, q := range callback.Questions(callback.Agency) {
		answers[q] = callback.Yes
	}
	if _, err := s.calls.Record(first, call.ID, callback.Input{Reached: string(callback.Person), Name: "R. Sample", Function: "Head of office", Answers: answers}); err != nil {
		return err
	}
	second, err := s.castMember(ctx, "paul.adler")
	if err != nil {
		return err
	}
	d, err := s.agencies.View(second, id)
	if err != nil {
		return err
	}
	actor, _ := identity.From(second)
	proof := identity.DevelopmentProof(actor, identity.PurposeActivateAgency, d.Agreement(), s.now())
	return s.agencies.Activate(identity.WithProof(second, proof), id)
}

// castMember gives a context in which one of the cast acts.
func (s *system) castMember(ctx context.Context, signIn string) (context.Context, error) {
	p, err := s.store.PersonBySignIn(identity.With(ctx, identity.SystemActor()), signIn)
	return identity.With(ctx, identity.Actor{Person: p.ID, Name: p.Name, Pseudonym: p.Pseudonym, Role: p.Role, Agency: p.Agency, Unit: p.Unit,
		Supervisor: p.Supervisor, Session: "demo", Method: identity.ByDevelopment}), err
}

// agencyKey makes an agency's key in the data folder and gives its certificate.
func (s *system) agencyKey(a sampleAgency, pki *demopki.PKI, now time.Time) (string, error) {
	to, err := pki.Recipient(demopki.Options{Organisation: a.name, URL: s.cfg.PublicOrigin + "/.well-known/lerd", Now: now}, true)
	if err != nil {
		return "", err
	}
	base := s.cfg.path("agencies", a.key)
	if err := os.MkdirAll(filepath.Dir(base), 0o700); err != nil {
		return "", err
	}
	return string(demopki.CertsPEM(to.Cert)), to.Save(base)
}
