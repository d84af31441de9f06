package agencies

import (
	"context"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests/identifier"
)

// SourceInput is a source as it was typed.
type SourceInput struct{ Register, Reference, SeenOn string }

// ContactInput is a contact as it was typed.
type ContactInput struct{ Name, Channel, Value string }

// Proposal is an agency as a registrar entered it. Everything in it was read in
// the register that Source names; Issuers without a value are left out.
type Proposal struct {
	Name, Country, Zone string
	Source              SourceInput
	CallBack            ContactInput
	Domains             []string
	Certificates        []string // PEM
	Oversight           ContactInput
	Issuers             []ContactInput
}

// Propose puts an agency on file, to be called back and activated by another
// registrar. Every fault of form is told at once.
func (s *Service) Propose(ctx context.Context, in Proposal) (_ identity.AgencyID, err error) {
	defer fault.Wrap(&err, "agencies.Propose")
	actor, rule, err := s.may(ctx, "propose", "agency", "")
	if err != nil {
		return "", err
	}
	if s.Repeats != nil {
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return "", err
		}
	}
	r := reader{now: s.now()}
	agency, round, details := r.proposal(in)
	if err := fault.Fields(r.problems); err != nil {
		return "", err
	}
	near, err := s.resembling(ctx, "", details)
	if err != nil {
		return "", err
	}
	agency.ID = newID[identity.AgencyID]()
	round.ID, round.Agency, round.ProposedBy = newID[RoundID](), agency.ID, actor.Person
	e := s.event(ctx, "agency.proposed", agency, rule)
	e.Facts["country"], e.Facts["round"], e.Facts["entries"] = agency.Country, string(round.ID), strconv.Itoa(len(details))
	if len(near) > 0 {
		e.Facts["resembles"] = joined(near)
	}
	part := change.Part{Event: e, Insert: []any{&agency, &round}}
	for i := range details {
		details[i].ID, details[i].Agency, details[i].ProposedBy = newID[DetailID](), agency.ID, actor.Person
		part.Insert = append(part.Insert, &details[i])
	}
	return agency.ID, s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(agency.ID))})
}

// reader reads what was typed and gathers what is wrong with it.
type reader struct {
	now      time.Time
	problems []fault.Problem
}

func (r *reader) fail(field, message string) {
	r.problems = append(r.problems, fault.Problem{Field: field, Message: message})
}

func (r *reader) text(field, typed string, read func(field, typed string) (string, error)) string {
	out, err := read(field, typed)
	r.problems = append(r.problems, fault.ProblemsOf(err)...)
	return out
}

func (r *reader) proposal(in Proposal) (identity.Agency, Round, []Detail) {
	a := identity.Agency{Name: r.text("name", in.Name, identifier.Name), Country: r.country(in.Country), Zone: r.zone(in.Zone), Standing: identity.Proposed, Version: 1}
	source := r.source(in.Source)
	round := Round{Number: 1, Stage: StageProposed, Source: source, ProposedAt: r.now, Version: 1}
	var details []Detail
	add := func(d Detail) {
		d.Source, d.State, d.ProposedAt, d.Version = source, DetailProposed, r.now, 1
		details = append(details, d)
	}
	add(Detail{Kind: Name, Value: a.Name})
	callBack := r.contact("call_back", CallBack, in.CallBack)
	a.CallBack = callBack.Value
	add(callBack)
	for i, d := range r.domains(in.Domains) {
		if i == 0 {
			a.Domain = d
		}
		add(Detail{Kind: Domain, Value: d})
	}
	for i, pem := range nonEmpty(in.Certificates) {
		d := r.certificate("certificates", pem)
		if i == 0 {
			a.CertPEM = []byte(d.Value)
		}
		add(d)
	}
	if len(a.CertPEM) == 0 && len(nonEmpty(in.Certificates)) == 0 {
		r.fail("certificates", "Give the agency's certificate for encryption: without it nothing can be sealed for it.")
	}
	add(r.contact("oversight", Oversight, in.Oversight))
	for i, issuer := range in.Issuers {
		if issuer.Name+issuer.Value != "" {
			add(r.contact("issuers-"+strconv.Itoa(i), Issuer, issuer))
		}
	}
	return a, round, details
}

// country reads an ISO 3166-1 alpha-2 code.
func (r *reader) country(typed string) string {
	code := strings.ToUpper(strings.TrimSpace(typed))
	region, err := language.ParseRegion(code)
	if err != nil || len(code) != 2 || !region.IsCountry() {
		r.fail("country", "Give the country's two letters, for example IN or DE.")
		return ""
	}
	return code
}

// zone reads an IANA time zone, in which the agency's legal deadlines are read.
func (r *reader) zone(typed string) string {
	zone := strings.TrimSpace(typed)
	if _, err := time.LoadLocation(zone); err != nil || !strings.Contains(zone, "/") {
		r.fail("zone", "Give a time zone by region and city, for example Asia/Kolkata or Europe/Berlin.")
		return ""
	}
	return zone
}

// source reads where something was seen. A register that was looked at more than
// 30 days ago says too little of today.
func (r *reader) source(in SourceInput) Source {
	s := Source{Register: r.text("register", in.Register, identifier.Name), Reference: r.text("reference", in.Reference, identifier.Name)}
	seen, err := time.Parse(time.DateOnly, strings.TrimSpace(in.SeenOn))
	switch today := r.now.Truncate(24 * time.Hour); {
	case err != nil:
		r.fail("seen_on", "Give the day as year-month-day, for example "+r.now.Format(time.DateOnly)+".")
	case seen.After(today.AddDate(0, 0, 1)):
		r.fail("seen_on", "This day has not come yet.")
	case seen.Before(today.AddDate(0, 0, -30)):
		r.fail("seen_on", "That is more than 30 days ago; look it up again.")
	}
	s.SeenOn = seen
	return s
}

func (r *reader) domains(typed []string) (out []string) {
	seen := map[string]bool{}
	for _, d := range nonEmpty(typed) {
		domain := r.text("domains", d, identifier.Domain)
		switch {
		case domain == "" || seen[domain]:
		case publicMail[domain]:
			r.fail("domains", "Anybody can have an address at "+domain+"; it says nothing about the agency.")
		default:
			out = append(out, domain)
		}
		seen[domain] = true
	}
	if len(nonEmpty(typed)) == 0 {
		r.fail("domains", "Give at least one mail domain of the agency.")
	}
	return out
}

// publicMail are providers where anybody can have an address.
var publicMail = map[string]bool{"gmail.com": true, "googlemail.com": true, "outlook.com": true, "hotmail.com": true, "live.com": true, "yahoo.com": true,
	"icloud.com": true, "proton.me": true, "protonmail.com": true, "gmx.de": true, "gmx.net": true, "web.de": true, "mail.com": true, "rediffmail.com": true,
	"uol.com.br": true, "orange.fr": true, "aol.com": true}

func (r *reader) certificate(field, typed string) Detail {
	c, fingerprint, err := ParseCertificate(field, typed, r.now)
	r.problems = append(r.problems, fault.ProblemsOf(err)...)
	if err != nil {
		return Detail{Kind: Certificate}
	}
	return Detail{Kind: Certificate, Value: strings.TrimSpace(typed) + "\n", Fingerprint: fingerprint, ValidFrom: c.NotBefore.UTC(), ValidTo: c.NotAfter.UTC()}
}

// contact reads how somebody is reached. A number for calling back is a number;
// mail addresses and numbers are brought into one form.
func (r *reader) contact(field string, kind Kind, in ContactInput) Detail {
	d := Detail{Kind: kind, Name: r.text(field+"-name", in.Name, identifier.Name), Channel: Channel(in.Channel)}
	if kind == CallBack {
		d.Channel = Phone
	}
	switch d.Channel {
	case Phone:
		d.Value = r.phone(field+"-value", in.Value)
	case Email:
		d.Value = r.mail(field+"-value", in.Value)
	case Post:
		d.Value = r.text(field+"-value", in.Value, identifier.Name)
	default:
		r.fail(field+"-channel", "Say whether this is reached by phone, by mail or by post.")
	}
	return d
}

func (r *reader) phone(field, typed string) string {
	p, err := identifier.ParsePhone(typed)
	for _, problem := range fault.ProblemsOf(err) {
		r.fail(field, problem.Message)
	}
	return p.Canonical.Reveal()
}

// mail reads an address of the plain form local@domain.
func (r *reader) mail(field, typed string) string {
	local, domain, ok := strings.Cut(strings.TrimSpace(typed), "@")
	if !ok || local == "" || strings.ContainsAny(local, " \t\r\n\"<>(),:;\\[]@") {
		r.fail(field, "Give a mail address, for example registry@court.example.")
		return ""
	}
	domain = r.text(field, domain, identifier.Domain)
	return local + "@" + domain
}

func nonEmpty(list []string) (out []string) {
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
	}
	return out
}
