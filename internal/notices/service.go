package notices

import (
	"context"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests/identifier"
)

// Address is where a person is told that there is something new; an empty one
// means nowhere.
type Address struct {
	Person  identity.PersonID
	Address string
	Version int64
	EventID audit.EventID
}

// Store keeps notices. It gives people their own alone.
type Store interface {
	// Commit writes a change, durable on return.
	Commit(ctx context.Context, set change.Set) error
	// Notices gives the newest notices of a person, at most limit.
	Notices(ctx context.Context, person identity.PersonID, limit int) ([]Notice, error)
	// Unread counts a person's notices that they have not seen.
	Unread(ctx context.Context, person identity.PersonID) (int, error)
	// ReadNotices marks a person's notices as seen, up to a time.
	ReadNotices(ctx context.Context, person identity.PersonID, upTo, at time.Time) error
	// NoticeAddress gives a person's address, and the domains of their agency that
	// are in force at now; version 0 where there is no address.
	NoticeAddress(ctx context.Context, person identity.PersonID, now time.Time) (Address, []string, error)
}

// Service shows people their own notices.
type Service struct {
	Store Store
	Now   func() time.Time
}

func actorOf(ctx context.Context) (identity.Actor, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return actor, fault.New(fault.SignIn, "Please sign in.")
	}
	return actor, nil
}

// List gives the actor's newest notices.
func (s *Service) List(ctx context.Context, limit int) (_ []Notice, err error) {
	defer fault.Wrap(&err, "notices.List")
	actor, err := actorOf(ctx)
	if err != nil {
		return nil, err
	}
	return s.Store.Notices(ctx, actor.Person, limit)
}

// Unread counts what the actor has not seen.
func (s *Service) Unread(ctx context.Context) (_ int, err error) {
	defer fault.Wrap(&err, "notices.Unread")
	actor, err := actorOf(ctx)
	if err != nil {
		return 0, err
	}
	return s.Store.Unread(ctx, actor.Person)
}

// Read marks what the actor was shown up to a time as seen.
func (s *Service) Read(ctx context.Context, upTo time.Time) (err error) {
	defer fault.Wrap(&err, "notices.Read")
	actor, err := actorOf(ctx)
	if err != nil {
		return err
	}
	return s.Store.ReadNotices(ctx, actor.Person, upTo, s.Now().UTC())
}

// Address gives where the actor is told that there is something new.
func (s *Service) Address(ctx context.Context) (_ string, err error) {
	defer fault.Wrap(&err, "notices.Address")
	actor, err := actorOf(ctx)
	if err != nil {
		return "", err
	}
	a, _, err := s.Store.NoticeAddress(ctx, actor.Person, s.Now())
	return a.Address, err
}

// SetAddress sets it; empty for nowhere. The address of somebody of an agency
// lies in one of its mail domains on file.
func (s *Service) SetAddress(ctx context.Context, typed string) (err error) {
	defer fault.Wrap(&err, "notices.SetAddress")
	actor, err := actorOf(ctx)
	if err != nil {
		return err
	}
	a, domains, err := s.Store.NoticeAddress(ctx, actor.Person, s.Now())
	if err != nil {
		return err
	}
	was := a.EventID
	if a.Address, err = readAddress(typed, actor.Agency != "", domains); err != nil {
		return err
	}
	a.Person, a.Version = actor.Person, a.Version+1
	e := change.Event(ctx, s.Now(), "notice.address_set", "notice_address:"+string(actor.Person), a.Version)
	if was != "" {
		e.Causes = []audit.EventID{was}
	}
	part := change.Part{Event: e, Update: []any{&a}}
	if a.Version == 1 {
		part.Insert, part.Update = part.Update, nil
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/notices")})
}

// readAddress reads a plain address local@domain; what could end a header's line
// is in none.
func readAddress(typed string, bound bool, domains []string) (string, error) {
	typed = strings.Trim(typed, " ")
	if typed == "" {
		return "", nil
	}
	wrong := func(message string) (string, error) {
		return "", fault.Fields([]fault.Problem{{Field: "address", Message: message}})
	}
	local, domain, ok := strings.Cut(typed, "@")
	if !ok || local == "" || len(local) > 64 || strings.ContainsFunc(local, unfit) {
		return wrong("Give a mail address, for example name@office.example.")
	}
	domain, err := identifier.Domain("address", domain)
	if err != nil {
		return "", err
	}
	for _, d := range domains {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return local + "@" + domain, nil
		}
	}
	if bound {
		return wrong("Give an address in a mail domain of your agency that is on file.")
	}
	return local + "@" + domain, nil
}

// unfit tells whether a rune has no place in the plain form of a local part.
// SPEC: RFC 5322 §3.2.3 (dot-atom).
func unfit(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r))
}
