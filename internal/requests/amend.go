package requests

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests/identifier"
)

// Scope is what is asked of one target.
type Scope struct {
	WantPhone, WantIP bool
	From, To          time.Time // half-open, UTC
}

// Wants tells whether the scope has a category.
func (s Scope) Wants(c Category) bool {
	return c == PhoneNumber && s.WantPhone || c == IPAddress && s.WantIP
}

// Amendment is an agency's word that it asks for less than it signed.
type Amendment struct {
	ID      string
	Request ID
	Agency  identity.AgencyID
	Ordinal int // from 1
	Officer identity.PersonID
	Why     personal.Text
	Digest  string // hexadecimal; what the officer signed
	At      time.Time
	EventID audit.EventID
	Items   []AmendmentItem
}

// AmendmentItem is what is asked of one target from an amendment on.
type AmendmentItem struct {
	ID        string
	Amendment string
	Request   ID
	Agency    identity.AgencyID
	Target    TargetID
	Scope
	EventID audit.EventID
}

// Amend puts the amendments into force over what was signed; the store calls it
// when it reads a case.
func (c *Case) Amend(all []Amendment) {
	c.Amendments = all
	for i := range c.Request.Targets {
		t := &c.Request.Targets[i]
		t.Signed = Scope{t.WantPhone, t.WantIP, t.From, t.To}
		for _, a := range all {
			for _, it := range a.Items {
				if it.Target == t.ID {
					t.WantPhone, t.WantIP, t.From, t.To = it.WantPhone, it.WantIP, it.From, it.To
				}
			}
		}
	}
}

// Dropped tells whether nothing is asked of the target any more.
func (t Target) Dropped() bool { return !t.WantPhone && !t.WantIP }

// signed gives what was signed of a target.
func (t Target) signed() Scope {
	if t.Signed.To.IsZero() {
		return Scope{t.WantPhone, t.WantIP, t.From, t.To}
	}
	return t.Signed
}

// AsSigned gives the target as its row keeps it: amendments are rows of their own.
func (t Target) AsSigned() Target {
	s := t.signed()
	t.WantPhone, t.WantIP, t.From, t.To = s.WantPhone, s.WantIP, s.From, s.To
	return t
}

// NarrowInput is what is asked of one target from now on, as it was typed.
type NarrowInput struct {
	Target            string // e.g. "t1"
	WantPhone, WantIP bool
	From, To, Zone    string
}

// Amendment reads what an officer typed into what would be signed, or says what is
// wrong with it. The page shows it before it is signed.
func (s *Service) Amendment(c Case, in []NarrowInput) (items []AmendmentItem, err error) {
	var r reader
	left := 0
	for _, t := range c.Request.Targets {
		scope := Scope{t.WantPhone, t.WantIP, t.From, t.To}
		for _, n := range in {
			if n.Target == t.Ref() && !t.Dropped() {
				scope = readNarrower(&r, t, n)
			}
		}
		if scope.WantPhone || scope.WantIP {
			left++
		}
		if scope != (Scope{t.WantPhone, t.WantIP, t.From, t.To}) {
			items = append(items, AmendmentItem{Request: c.Request.ID, Agency: c.Request.Agency, Target: t.ID, Scope: scope})
		}
	}
	if len(r.problems) == 0 && len(items) == 0 {
		r.fail("", "Nothing is narrower than before. Take an account or a kind of data out, or shorten a period.")
	}
	if len(r.problems) == 0 && left == 0 {
		r.fail("", "Nothing would be asked any more. Withdraw the request instead.")
	}
	return items, fault.Fields(r.problems)
}

func readNarrower(r *reader, t Target, n NarrowInput) Scope {
	scope := Scope{n.WantPhone && t.WantPhone, n.WantIP && t.WantIP, t.From, t.To}
	if n.WantPhone && !t.WantPhone || n.WantIP && !t.WantIP {
		r.fail(t.field("categories"), "This was not asked before. A narrowing never asks for more; send a new request that follows this one.")
	}
	if !scope.WantPhone && !scope.WantIP || strings.TrimSpace(n.From+n.To) == "" {
		return scope
	}
	p, err := identifier.ParsePeriod(n.From, n.To, n.Zone)
	for _, x := range fault.ProblemsOf(err) {
		r.fail(t.field(x.Field), x.Message)
	}
	switch {
	case err != nil:
	case p.From.Before(t.From):
		r.fail(t.field("from"), "The period cannot begin earlier than before. A narrowing never asks for more.")
	case p.To.After(t.To):
		r.fail(t.field("to"), "The period cannot end later than before. A narrowing never asks for more.")
	default:
		scope.From, scope.To = p.From, p.To
	}
	return scope
}

// AmendmentDigest is what an officer agrees to with their passkey.
func AmendmentDigest(c Case, items []AmendmentItem) identity.Digest {
	parts := []string{"lerd narrowing v1", string(c.Request.ID), itoa(len(c.Amendments) + 1)}
	for _, i := range items {
		parts = append(parts, string(i.Target), map[bool]string{true: "phone"}[i.WantPhone], map[bool]string{true: "ip"}[i.WantIP], stamp(i.From), stamp(i.To))
	}
	return identity.DigestOf(parts...)
}

// NarrowOwn takes back a part of what an agency asked for. What is in the making
// is given up, and made anew within the narrower limits.
func (s *Service) NarrowOwn(ctx context.Context, id ID, in []NarrowInput, why string) (err error) {
	defer fault.Wrap(&err, "requests.NarrowOwn(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "narrow", "request")
	if err != nil {
		return err
	}
	reason, err := needText("why", why, "Say in a sentence why less is needed.")
	if err != nil {
		return err
	}
	items, err := s.Amendment(c, in)
	if err != nil {
		return err
	}
	digest := AmendmentDigest(c, items)
	proof, err := identity.RequireProof(ctx, identity.PurposeSubmit, digest)
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, NarrowRequest, rule)
	if err != nil {
		return err
	}
	a := Amendment{ID: newID[string](), Request: id, Agency: q.Agency, Ordinal: len(c.Amendments) + 1, Officer: actor.Person, Why: reason, Digest: hex.EncodeToString(digest[:]), At: s.now()}
	part.Insert = append(part.Insert, &a)
	for i := range items {
		items[i].ID, items[i].Amendment = newID[string](), a.ID
		part.Insert = append(part.Insert, &items[i])
	}
	tell(&part, "why", reason)
	change.Prove(&part, proof)
	part.Event.Facts["amendment"] = itoa(a.Ordinal)
	return s.Store.Commit(ctx, change.Set{Parts: append([]change.Part{part}, s.cancel(ctx, c, part, "narrowed")...), Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// within cuts an item to what is still asked of its target; ok is false where
// nothing of it is.
func (i Item) within(t Target) (_ Item, ok bool) {
	if i.From.Before(t.From) {
		i.From = t.From
	}
	if i.To.After(t.To) {
		i.To = t.To
	}
	return i, t.Wants(i.Category) && i.From.Before(i.To)
}

// field names a field of the target's row of a form.
func (t Target) field(name string) string { return "targets-" + itoa(t.Ordinal-1) + "-" + name }
