package main

import (
	"context"
	"os"
	"time"

	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/records/sample"
	"lerd/internal/requests/ordersample"
	"lerd/internal/web"
)

// practiceAgencies are invented authorities beside those of the demonstration,
// so that each learns under the processes of a law like their own.
var practiceAgencies = []sampleAgency{
	{key: "fr", name: "Tribunal judiciaire de Villefictive", country: "FR", zone: "Europe/Paris", domain: "tj-villefictive.example", callBack: "+44 7700 900803", people: []samplePerson{
		{"luc.martin", "Luc Martin", "Officer C1", identity.Officer, false}, {"eva.petit", "Eva Petit", "Officer C2", identity.Officer, true}}},
	{key: "es", name: "Juzgado de Instrucción de Villaficticia", country: "ES", zone: "Europe/Madrid", domain: "juzgado-villaficticia.example", callBack: "+44 7700 900804", people: []samplePerson{
		{"marta.gil", "Marta Gil", "Officer D1", identity.Officer, false}, {"raul.vega", "Raúl Vega", "Officer D2", identity.Officer, true}}},
	{key: "br", name: "Delegacia de Polícia de Vila Fictícia", country: "BR", zone: "America/Sao_Paulo", domain: "delegacia-vilaficticia.example", callBack: "+44 7700 900805", people: []samplePerson{
		{"bia.lima", "Bia Lima", "Officer E1", identity.Officer, false}, {"caio.reis", "Caio Reis", "Officer E2", identity.Officer, true}}},
	{key: "us", name: "Sample County Sheriff's Office", country: "US", zone: "America/New_York", domain: "sheriff-sample-county.example", callBack: "+44 7700 900806", people: []samplePerson{
		{"june.hart", "June Hart", "Officer F1", identity.Officer, false}, {"theo.banks", "Theo Banks", "Officer F2", identity.Officer, true}}},
}

// seedPracticeAgencies registers them, with keys of their own.
func (s *system) seedPracticeAgencies(ctx context.Context, now time.Time) error {
	ctx = identity.With(ctx, identity.SystemActor())
	pki, err := demopki.Load(s.cfg.path("keys", "demo-pki"))
	if err != nil {
		return err
	}
	for _, a := range practiceAgencies {
		if err := s.seedAgency(ctx, a, pki, now); err != nil {
			return err
		}
	}
	return nil
}

// asPracticeStaff gives a context in which the n-th invented person of a role
// acts. Nobody holds a session for it: the automatic staff cannot be signed in as.
func (s *system) asPracticeStaff(ctx context.Context, role identity.Role, n int) (context.Context, error) {
	people, err := s.store.People(identity.With(ctx, identity.SystemActor()))
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		if p.Role != role || p.Agency != "" {
			continue
		}
		if n--; n < 0 {
			actor := identity.Actor{Person: p.ID, Name: p.Name, Pseudonym: p.Pseudonym, Role: p.Role, Session: "practice", Method: identity.ByDevelopment}
			return identity.Evaluating(identity.With(ctx, actor), time.Now), nil
		}
	}
	return nil, fault.New(fault.Internal, "practice has nobody for the role %s", role)
}

// practiceSignIn lets in people of invented agencies only: staff is played by
// lerd.
type practiceSignIn struct{ devSignIn }

// Users lists the invented agencies' people.
func (d practiceSignIn) Users(ctx context.Context) ([]web.DevUser, error) {
	all, err := d.devSignIn.Users(ctx)
	var out []web.DevUser
	for _, u := range all {
		if u.Agency != "" {
			out = append(out, u)
		}
	}
	return out, err
}

// SignIn begins a session of one of them.
func (d practiceSignIn) SignIn(ctx context.Context, name, key string) (string, error) {
	users, err := d.Users(ctx)
	if err != nil {
		return "", err
	}
	for _, u := range users {
		if u.SignIn == name {
			return d.devSignIn.SignIn(ctx, name, key)
		}
	}
	return "", fault.New(fault.SignIn, "Nobody signs in under this name. Choose one from the list.")
}

// practiceWeb is what the practice portal offers.
func (s *system) practiceWeb() *web.Practice {
	return &web.Practice{
		Every: s.cfg.practice.every,
		Next:  func() time.Time { return s.cfg.practice.next },
		Accounts: []web.PracticeAccount{
			{Identifier: sample.SuspectPhone, Kind: "phone", Lesson: "suspect"},
			{Identifier: sample.SuspectUsername, Kind: "username", Lesson: "suspect"},
			{Identifier: sample.BystanderPhone, Kind: "phone", Lesson: "standing"},
			{Identifier: sample.RecycledPhone, Kind: "phone", Lesson: "changed_hands"},
			{Identifier: sample.NoSessionsPhone, Kind: "phone", Lesson: "no_sessions"},
			{Identifier: sample.UnknownPhone, Kind: "phone", Lesson: "nobody"},
		},
		Order: s.practiceOrder,
		Key:   s.practiceKey,
	}
}

// practiceOrder writes a specimen order of an invented agency.
func (s *system) practiceOrder(a identity.Agency) ([]byte, error) {
	now := time.Now().UTC()
	return ordersample.PDF(ordersample.Order{
		Authority: a.Name, Address: "Invented for practice", Number: "PRACTICE/" + now.Format("20060102"), CaseFile: "PRACTICE 1",
		Issued: now.AddDate(0, 0, -2), Judge: "Invented for practice", Offence: "Fraud (ICCS 0701)",
		Facts:   "The account offered tickets for sale that do not exist; eleven people paid and received nothing.",
		Targets: []string{sample.SuspectPhone + ", suspect"}, From: now.AddDate(0, -2, 0), To: now.AddDate(0, 0, -1), Zone: a.Zone,
		Data: []string{"phone numbers", "IP addresses with source port and time"}, Addressee: s.cfg.Product,
	})
}

// practiceKey gives an invented agency's certificate and key, which lie in the
// practice folder.
func (s *system) practiceKey(ctx context.Context, id identity.AgencyID) ([]byte, error) {
	a, err := s.store.AgencyByID(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, known := range append(append([]sampleAgency{}, sampleAgencies...), practiceAgencies...) {
		if known.name == a.Name {
			cert, err := os.ReadFile(s.cfg.path("agencies", known.key+".pem"))
			if err != nil {
				return nil, err
			}
			key, err := os.ReadFile(s.cfg.path("agencies", known.key+".key"))
			return append(cert, key...), err
		}
	}
	return nil, fault.New(fault.NotFound, "There is nothing here.")
}
