package usernotice

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// Gagged gives the parts that register what a qualified case itself forbids: its
// order asks for secrecy, or it was an emergency. It looks at the order alone, so
// that nothing can be read from it about what was found. A case whose gags are
// registered gives none.
func (s *Service) Gagged(ctx context.Context, c requests.Case) ([]change.Part, error) {
	known, err := s.Store.CaseFile(ctx, c.Request.ID)
	if err != nil {
		return nil, err
	}
	orders, err := s.gagsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	var parts []change.Part
	for _, g := range orders {
		if g.Request != c.Request.ID {
			if known, err = s.Store.CaseFile(ctx, g.Request); err != nil {
				return nil, err
			}
		}
		if !slices.ContainsFunc(known.Gags, func(k Gag) bool { return k.Source == g.Source && k.OrderedIn == g.OrderedIn }) {
			parts = append(parts, s.registered(ctx, g, automatic))
		}
	}
	return parts, nil
}

// automatic is the policy rule under which lerd registers what an order says.
const automatic = "UN-9"

// gagsOf reads from a case what forbids to tell its users, or, where the case is
// itself an order of secrecy, the users of the case that it names.
func (s *Service) gagsOf(ctx context.Context, c requests.Case) (out []Gag, err error) {
	p, err := s.processOf(ctx, c)
	if err != nil {
		return nil, err
	}
	if p.Kind != legal.Confidentiality {
		return s.gagsOfOrder(c), nil
	}
	other, err := s.Store.CaseByRef(ctx, c.Request.Further["modified_request"])
	if fault.KindOf(err) == fault.NotFound || err == nil && other.Request.Agency != c.Request.Agency {
		return nil, nil // counsel enters it where it belongs
	}
	g := s.gagOf(c)
	g.Request, g.Source, g.OrderedIn = other.Request.ID, OfSeparate, c.Request.ID
	return []Gag{g}, err
}

// gagOf reads the secrecy that an order asks for.
func (s *Service) gagOf(c requests.Case) Gag {
	q := c.Request
	g := Gag{ID: GagID(uuid.NewString()), Request: q.ID, Agency: q.Agency, Source: OfOrder, Reference: q.Order.Number, Basis: q.Confidential.Basis, Begins: q.ReceivedAt,
		Ends: dayAfter(q.Confidential.Until, c.Agency), State: Running, Version: 1}
	if !g.Ends.After(g.Begins) { // none stated, or one that was over when it came: counsel looks at it
		g.Ends, g.Review = time.Time{}, s.now().AddDate(0, 0, s.Policy.ReviewDays)
	}
	return g
}

func (s *Service) gagsOfOrder(c requests.Case) (out []Gag) {
	q := c.Request
	if q.Confidential.Asked {
		out = append(out, s.gagOf(c))
	}
	if q.Emergency && s.Policy.EmergencyDays > 0 {
		out = append(out, Gag{ID: GagID(uuid.NewString()), Request: q.ID, Agency: q.Agency, Source: OfEmergency, Reference: q.Order.Number, Begins: q.ReceivedAt,
			Ends: q.ReceivedAt.AddDate(0, 0, s.Policy.EmergencyDays), State: Running, Version: 1})
	}
	return out
}

// dayAfter gives the first moment after a date where an agency is; dates are kept
// as midnight UTC. The zero date gives the zero time.
func dayAfter(date time.Time, a identity.Agency) time.Time {
	if date.IsZero() {
		return date
	}
	zone, err := time.LoadLocation(a.Zone)
	if err != nil {
		zone = time.UTC
	}
	return time.Date(date.Year(), date.Month(), date.Day()+1, 0, 0, 0, 0, zone).UTC()
}

// Disclosed gives the parts that plan what the users are told of a release which
// leaves in the same transaction.
func (s *Service) Disclosed(ctx context.Context, c requests.Case, rel requests.Release) ([]change.Part, error) {
	p, err := s.processOf(ctx, c)
	if err != nil {
		return nil, err
	}
	if p.Notice.Rule == legal.NoticeNone {
		return nil, nil
	}
	parts, err := s.Gagged(ctx, c)
	if err != nil {
		return nil, err
	}
	due := s.earliest(c, rel.ExportedAt)
	for _, account := range accountsOf(rel) {
		n := Notice{ID: ID(uuid.NewString()), Request: rel.Request, Agency: rel.Agency, Release: rel.ID, Account: account, Rule: string(p.Notice.Rule),
			Categories: categoriesOf(rel, account), Country: c.Agency.Country, Authority: c.Request.Order.IssuerKind, DisclosedAt: rel.ExportedAt, State: Scheduled,
			Due: rel.ExportedAt, Next: due, Version: 1}
		if n.Ref, err = s.newRef(); err != nil {
			return nil, err
		}
		if p.Notice.Rule == legal.NoticeForbidden {
			n.State, n.WithheldWhy = Withheld, "law"
		}
		parts = append(parts, s.planned(ctx, n, c.Request.Process.ID, rel.EventID))
	}
	return parts, nil
}

// earliest gives when a notice can be tried first, as far as is known now.
func (s *Service) earliest(c requests.Case, from time.Time) time.Time {
	for _, g := range s.gagsOfOrder(c) {
		if g.Ends.After(from) {
			from = g.Ends
		}
	}
	return from
}

func (s *Service) planned(ctx context.Context, n Notice, process string, because audit.EventID) change.Part {
	e := change.Event(ctx, s.now(), "user_notice."+string(n.State), StreamOf(n.ID), 1)
	words := make([]string, len(n.Categories))
	for i, cat := range n.Categories {
		words[i] = string(cat)
	}
	e.Causes = []audit.EventID{because}
	n.about(e, map[string]string{"notice_rule": n.Rule, "country": n.Country, "authority": n.Authority, "categories": strings.Join(words, " ")})
	if process != "" { // a notice of a disclosure
		e.Facts["process"] = process
	}
	if n.WithheldWhy != "" {
		e.Facts["why"] = n.WithheldWhy
	}
	return change.Part{Event: e, Insert: []any{&n}}
}

// accountsOf lists whose records leave, each once, in ascending order. An item
// that came out empty discloses nothing.
func accountsOf(rel requests.Release) (out []int64) {
	for _, i := range rel.Items {
		if !i.Empty && !slices.Contains(out, i.AccountID) {
			out = append(out, i.AccountID)
		}
	}
	slices.Sort(out)
	return out
}

func categoriesOf(rel requests.Release, account int64) (out []requests.Category) {
	for _, cat := range requests.Categories {
		if slices.ContainsFunc(rel.Items, func(i requests.Item) bool { return i.AccountID == account && i.Category == cat && !i.Empty }) {
			out = append(out, cat)
		}
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// processOf gives the version of the process to which a case is pinned, shipped or
// put in force since.
func (s *Service) processOf(ctx context.Context, c requests.Case) (*legal.Process, error) {
	law := s.Law
	if s.Laws != nil {
		var err error
		if law, err = s.Laws.Law(ctx); err != nil {
			return nil, err
		}
	}
	return law.Process(legal.ProcessID(c.Request.Process.ID), c.Request.Process.Version)
}
