package fraud

import (
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Removal takes an entry off one of the desk's lists by two people's words: one
// proposes it with a reason, another decides.
type Removal struct {
	ID         string
	Of         string // id of the entry
	Why        personal.Text
	State      string // Proposed, Agreed or Declined
	ProposedBy identity.PersonID
	ProposedAt time.Time
	DecidedBy  identity.PersonID
	DecidedAt  time.Time
	Version    int64
	EventID    audit.EventID
}

// waits tells whether the second word is still to come.
func (r Removal) waits() bool { return r.State == Proposed }

// proposed gives a removal as it is proposed.
func (s *Service) proposed(of, why string, actor identity.Actor) (Removal, error) {
	text, err := reasonOf("reason", why)
	if err != nil {
		return Removal{}, err
	}
	return Removal{ID: newID(), Of: of, Why: personal.NewText(text), State: Proposed, ProposedBy: actor.Person, ProposedAt: s.now(), Version: 1}, nil
}

// decided gives a removal as the second person decides it: once, and not with a
// yes to what is one's own.
func (s *Service) decided(r Removal, actor identity.Actor, agree bool) (Removal, error) {
	if !r.waits() {
		return r, fault.New(fault.Conflict, "This was decided already. Reload the page.")
	}
	if agree && r.ProposedBy == actor.Person {
		return r, sameOne
	}
	r.State, r.DecidedBy, r.DecidedAt, r.Version = Declined, actor.Person, s.now(), r.Version+1
	if agree {
		r.State = Agreed
	}
	return r, nil
}

// digest is what the second person agrees to, under the name of its list.
func (r Removal) digest(list string) identity.Digest {
	return identity.DigestOf(list, r.ID, r.Of, r.Why.Reveal())
}
