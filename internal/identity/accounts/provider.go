package accounts

import (
	"context"

	"github.com/google/uuid"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Providers knows who signs in by the company's provider.
type Providers interface {
	// ProviderAccount gives who is linked to a provider's name for them, or
	// NotFound.
	ProviderAccount(ctx context.Context, issuer, subject string) (identity.ProviderAccount, error)
}

// Staff gives the platform's own people, for the server's command.
func (s *Service) Staff(ctx context.Context) ([]Account, error) {
	var roles []identity.Role
	for _, r := range identity.Roles {
		if r.Staff() {
			roles = append(roles, r)
		}
	}
	return s.Store.Accounts(system(ctx), roles, "")
}

// LinkFromServer lets somebody of the platform's own sign in by the company's
// provider, under the provider's unchanging name for them.
func (s *Service) LinkFromServer(ctx context.Context, id identity.PersonID, issuer, subject string) (err error) {
	defer fault.Wrap(&err, "accounts.Link(%s)", id)
	a, err := s.Store.Account(system(ctx), id)
	if err != nil {
		return err
	}
	if !a.Person.Role.Staff() || issuer == "" || subject == "" || len(subject) > 255 {
		return fault.New(fault.Invalid, "Give somebody of the platform's own, and the provider's name for them.")
	}
	if a.Person.Role == identity.Auditor {
		return fault.New(fault.Gate, "An auditor signs in with a passkey alone: whoever runs the company's provider could be them.")
	}
	l := &identity.ProviderAccount{ID: uuid.NewString(), Person: id, Issuer: issuer, Subject: subject, LinkedAt: s.now(), Version: 1}
	e := s.event(system(ctx), "person.linked", id, "server")
	e.Facts["issuer"] = issuer
	return s.commit(ctx, "", change.Part{Event: e, Insert: []any{l}})
}

// UnlinkFromServer takes a link away.
func (s *Service) UnlinkFromServer(ctx context.Context, id identity.PersonID, issuer, subject string) (err error) {
	defer fault.Wrap(&err, "accounts.Unlink(%s)", id)
	l, err := s.Providers.ProviderAccount(system(ctx), issuer, subject)
	if err != nil {
		return err
	}
	if l.Person != id {
		return nothing()
	}
	l.RemovedAt, l.Version = s.now(), l.Version+1
	return s.commit(ctx, "", change.Part{Event: s.event(system(ctx), "person.unlinked", id, "server"), Update: []any{&l}})
}
