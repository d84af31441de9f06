package requests

import (
	"context"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// Preservation is a request under which data are kept and none are disclosed.
type Preservation struct {
	Request    ID
	Agency     identity.AgencyID
	From       time.Time
	Until      time.Time // not included; the law's hold, and its extension
	Extensions int
	Reminders  int // of remindBefore
	Version    int64
	EventID    audit.EventID
}

// KeptUnder is an earlier preservation of the same agency that names an account of
// a case.
type KeptUnder struct {
	Request ID
	Ref     string
	From    time.Time
	Until   time.Time
}

// MaxExtensions is how often a preservation can be extended.
const MaxExtensions = 1

// maxPreserved is how many preservations of one agency run at a time, and of how many
// of its orders data are kept since they arrived. The database's max_preserved says
// the same.
const maxPreserved = 500

func (s *Service) mostPreserved() int {
	if s.MaxPreserved > 0 {
		return s.MaxPreserved
	}
	return maxPreserved
}

// remindBefore are the days before its end at which an agency is reminded.
var remindBefore = []int{30, 14, 3}

// hold gives the end of a preservation under its process, with n extensions.
func (s *Service) hold(c Case, p *legal.Process, from time.Time, n int) (legal.Due, error) {
	return s.Law.Due(legal.ClockInput{Process: p, Kind: legal.ClockHold, Start: from, Now: s.now(), Extensions: n})
}

// preserve closes the review of a preservation: the data are kept from now until
// the law's hold ends. Nothing is looked up for it and nothing is disclosed: its
// agency reads the same whether or not there is such an account.
func (s *Service) preserve(ctx context.Context, c Case, p *legal.Process, v legal.Verdict, rule string) error {
	n, err := s.After.PreservedBy(ctx, c.Request.Agency)
	if err != nil {
		return err
	}
	if n >= s.mostPreserved() {
		return fault.New(fault.TooMany, "This agency has %d preservations that run. Some have to end before another begins.", n)
	}
	q := c.Request
	part, err := s.step(ctx, &q, PreserveCase, rule)
	if err != nil {
		return err
	}
	due, err := s.hold(c, p, s.now(), 0)
	if err != nil {
		return err
	}
	q.Verdict, q.DueExplained = "qualified", strings.Join(due.Explain, " ")
	recordVerdict(&part, c, v, s.now())
	part.Insert = append(part.Insert, &Preservation{Request: q.ID, Agency: q.Agency, From: s.now(), Until: due.At, Version: 1})
	part.Event.Facts["until"] = stamp(due.At)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, q.ID))})
}

// CanExtend tells whether a preservation can be extended.
func (c Case) CanExtend() bool {
	return c.Request.State == Preserved && c.Preservation != nil && c.Preservation.Extensions < MaxExtensions
}

// ExtendDigest is what an officer agrees to: the extension of this preservation.
func ExtendDigest(c Case) identity.Digest {
	return identity.DigestOf("lerd extension v1", string(c.Request.ID), itoa(c.Preservation.Extensions+1))
}

// Extend keeps the data longer, as the process allows.
func (s *Service) Extend(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Extend(%s)", id)
	c, _, rule, err := s.open(ctx, id, "extend", "request")
	if err != nil {
		return err
	}
	if !c.CanExtend() {
		return fault.New(fault.Conflict, "This preservation cannot be extended: it has ended, or was extended as often as the law allows.")
	}
	reason, err := needText("why", why, "Say why the data are needed longer, and which process follows.")
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeSubmit, ExtendDigest(c))
	if err != nil {
		return err
	}
	p, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	keep := *c.Preservation
	due, err := s.hold(c, p, keep.From, keep.Extensions+1)
	if err != nil || !due.At.After(keep.Until) {
		return fault.Because(fault.Gate, err, "The law of this process knows no longer preservation.")
	}
	q := c.Request
	part, err := s.step(ctx, &q, ExtendKeeping, rule)
	if err != nil {
		return err
	}
	q.DueExplained = strings.Join(due.Explain, " ")
	keep.Until, keep.Extensions, keep.Reminders, keep.Version = due.At, keep.Extensions+1, 0, keep.Version+1
	part.Update = append(part.Update, &keep)
	part.Event.Causes = append(part.Event.Causes, c.Preservation.EventID)
	part.Event.Facts["until"] = stamp(due.At)
	tell(&part, "why", reason)
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// WatchPreservation puts on record that a preservation ends soon, and that it has
// lapsed.
func (s *Service) WatchPreservation(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.WatchPreservation(%s)", id)
	c, _, rule, err := s.open(ctx, id, "export", "release")
	if err != nil || c.Request.State != Preserved || c.Preservation == nil {
		return err
	}
	keep := *c.Preservation
	if !s.now().Before(keep.Until) {
		q := c.Request
		part, err := s.step(ctx, &q, Lapse, rule)
		if err != nil {
			return err
		}
		return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
	}
	if keep.Reminders >= len(remindBefore) || s.now().Before(keep.Until.AddDate(0, 0, -remindBefore[keep.Reminders])) {
		return nil
	}
	days := remindBefore[keep.Reminders]
	keep.Reminders, keep.Version = keep.Reminders+1, keep.Version+1
	e := change.Event(ctx, s.now(), "preservation.reminded", "preservation:"+string(id), 0)
	e.Causes = []audit.EventID{c.Request.EventID, c.Preservation.EventID}
	e.Facts["request"], e.Facts["days"], e.Facts["until"], e.Facts["rule"] = string(id), itoa(days), stamp(keep.Until), rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&keep}}}})
}
