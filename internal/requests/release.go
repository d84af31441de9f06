package requests

import (
	"context"
	"fmt"
	"iter"
	"sort"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/records"
)

// ConfirmedFinding is what a release needs of a finding.
type ConfirmedFinding struct {
	ID         FindingID
	AccountID  int64
	Rule       string
	RuleVer    int
	Confirmers [2]identity.PersonID // in ascending order
	EventID    audit.EventID        // of the confirmation
}

// Prepare reads the records of a confirmed case from the account data and
// freezes them: what the approver will see is byte for byte what leaves. Where
// nothing is held, the case ends as "no data held". It does nothing when a
// release is there already.
func (s *Service) Prepare(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.Prepare(%s)", id)
	c, _, rule, err := s.open(ctx, id, "prepare", "release")
	if err != nil || c.Release != nil || c.Request.State != Confirmed {
		return err
	}
	if _, known := s.empty.Load(id); known && !s.maySayNothing(c) {
		return nil // read before, and nothing was there: it is not read again while nothing is said
	}
	if c.Agency.Standing != identity.Verified {
		return nil // contained: nothing is read for it; it goes on when the agency may ask again
	}
	rel, causes, err := s.newRelease(ctx, c)
	if err != nil {
		return err
	}
	if err := s.sameHolders(ctx, c, rel.Items); err != nil {
		return err
	}
	frozen, err := s.collect(ctx, &rel)
	if err != nil {
		return s.stopped(ctx, c, err)
	}
	defer frozen.close()
	if err := s.answered(ctx, c, "phones", "sessions"); err != nil {
		return err
	}
	if frozen.total == 0 {
		return s.endWithout(ctx, c, rule, causes)
	}
	s.empty.Delete(id)
	e := change.Event(ctx, s.now(), "release.prepared", StreamOfRelease(rel.ID), 1)
	e.Causes = causes // and not the case's: nobody reads from the log that it came so far
	e.Facts["rule"] = rule
	e.Values = append(e.Values, digestValue(rel), value("request", string(id)), value("because", string(c.Request.EventID)),
		value("phones", itoa(rel.Phones)), value("addresses", itoa(rel.Addresses)))
	part := change.Part{Event: e, Insert: []any{&rel}}
	for i := range rel.Items {
		part.Insert = append(part.Insert, &rel.Items[i])
	}
	part.Insert = append(part.Insert, Records{Release: rel.ID, Rows: frozen.rows()})
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}

// newRelease gathers the items whose gates are open.
func (s *Service) newRelease(ctx context.Context, c Case) (Release, []audit.EventID, error) {
	rel := Release{ID: newID[ReleaseID](), Request: c.Request.ID, Agency: c.Request.Agency, Officer: c.Request.Officer,
		Reviewer: c.Request.Reviewer, State: Prepared, RetrievedAt: s.now(), Version: 1}
	rel.Supersedes = c.superseded()
	var err error
	if rel.Ref, err = s.newExportRef(); err != nil {
		return rel, nil, err
	}
	var causes []audit.EventID
	wanted := 0
	for _, t := range c.Request.Targets {
		ask, ok := c.ask(t)
		if !ok || t.Dropped() {
			continue
		}
		if wanted++; !ask.Stands(s.now()) {
			continue
		}
		f, err := s.Releases.Confirmed(ctx, ask.Finding)
		if err != nil {
			return rel, nil, err
		}
		causes = append(causes, f.EventID)
		for _, d := range c.Decisions {
			if it, ok := item(c, rel.ID, d, f).within(t); ok && d.Target == t.ID && d.Outcome.Leaves() {
				rel.Items = append(rel.Items, it)
			}
		}
	}
	if len(rel.Items) == 0 && wanted > 0 {
		return rel, nil, fault.New(fault.Gate, "Nothing of this case may leave: no decision to produce meets a confirmed finding.")
	}
	return rel, causes, nil
}

func item(c Case, release ReleaseID, d Decision, f ConfirmedFinding) Item {
	return Item{ID: newID[ItemID](), Release: release, Request: c.Request.ID, Agency: c.Request.Agency, Target: d.Target, Category: d.Category,
		Decision: d.ID, Outcome: d.Outcome, Finding: f.ID, AccountID: f.AccountID, Rule: f.Rule, RuleVer: f.RuleVer,
		Offence: c.Request.Offence.Class, Confirmers: f.Confirmers, From: d.From, To: d.To}
}

// collect reads the rows of every item through the guard, with those that a
// snapshot kept and the account data lost, in the order in which they will stand
// in the bundle, and takes their digest. They are not held whole.
func (s *Service) collect(ctx context.Context, rel *Release) (out *spool, err error) {
	sort.SliceStable(rel.Items, func(i, j int) bool { return rel.Items[i].Category > rel.Items[j].Category }) // phone numbers first
	kept, err := s.keptFor(ctx, rel.Request)
	if err != nil {
		return nil, err
	}
	defer closeKept(kept)
	out = newSpool()
	defer func() {
		if err != nil {
			out.close()
		}
	}()
	for _, it := range rel.Items {
		period, err := records.NewPeriod(it.From, it.To)
		if err != nil {
			return out, err
		}
		for r, err := range s.rowsWith(ctx, it, period, kept) {
			if err == nil {
				err = out.add(r)
			}
			if err != nil {
				return out, err
			}
		}
	}
	rel.Phones, rel.Addresses = out.phones, out.total-out.phones
	rel.Digest, err = out.sum()
	return out, err
}

// rowsOf gives the rows of an item as the guard lets them through. What came before an
// error must not be used.
func (s *Service) rowsOf(ctx context.Context, it Item, period records.Period) iter.Seq2[Record, error] {
	account := records.AccountID(it.AccountID)
	return func(yield func(Record, error) bool) {
		if it.Category == PhoneNumber {
			phones, err := s.Source.Phones(ctx, account, period)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for i := range phones {
				if !yield(Record{Item: it.ID, Phone: &phones[i]}, nil) {
					return
				}
			}
			return
		}
		for row, err := range s.Source.Sessions(ctx, account, period) {
			if !yield(Record{Item: it.ID, IP: &row}, err) || err != nil {
				return
			}
		}
	}
}

// endWithout ends a case for which nothing is held.
func (s *Service) endWithout(ctx context.Context, c Case, rule string, causes []audit.EventID) error {
	if !s.maySayNothing(c) {
		s.empty.Store(c.Request.ID, true)
		return nil
	}
	q := c.Request
	part, err := s.step(ctx, &q, FindNothing, rule)
	if err != nil {
		return err
	}
	var because []string
	for _, cause := range causes {
		because = append(because, string(cause))
	}
	for name, told := range map[string]string{"findings": "", "confirmed": "", "because": JoinCodes(because)} { // as where nothing was found
		tell(&part, name, personal.NewText(told))
	}
	q.Refusals = []string{nothingCode}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}

// Sheet is a release as its approver looks at it: all records were counted and held
// against the digest, and a stretch of them is at hand.
type Sheet struct {
	Total int
	Of    map[ItemID]int // how many are of each item
	Rows  []Record
}

// ViewRelease gives the approver exactly what will leave, most records of it from the
// first on (counted from 0), and records that they looked. The digest is taken anew
// from all frozen rows.
func (s *Service) ViewRelease(ctx context.Context, id ID, first, most int) (c Case, sheet Sheet, err error) {
	defer fault.Wrap(&err, "requests.ViewRelease(%s)", id)
	c, _, rule, err := s.open(ctx, id, "view", "release")
	if err != nil {
		return c, sheet, err
	}
	if c.Release == nil {
		return c, sheet, fault.New(fault.NotFound, "There is nothing here.")
	}
	if err := s.look(ctx, c, "release.viewed", rule); err != nil {
		return c, sheet, err
	}
	sheet.Of = map[ItemID]int{}
	_, err = s.asFrozen(ctx, *c.Release, func(r Record) bool {
		if sheet.Total >= first && len(sheet.Rows) < most {
			sheet.Rows = append(sheet.Rows, r)
		}
		sheet.Total++
		sheet.Of[r.Item]++
		return true
	})
	if err != nil {
		return c, Sheet{}, err
	}
	return c, sheet, nil
}

// digestValue names the frozen records in an event of a release: as a commitment, for
// the log is public, the records of an account are few, and whoever has the platform's
// account data could find the account by trying them all.
func digestValue(rel Release) audit.Value { return value("digest", rel.Digest) }

// ApprovalDigest is what an approver agrees to with their passkey: that these
// very records leave, in this release.
func ApprovalDigest(rel Release) identity.Digest {
	return identity.DigestOf("lerd approval v1", string(rel.ID), rel.Digest)
}

// Approve is the second person's yes to exactly the records that the digest
// names. Officer, reviewer and confirmers cannot give it.
func (s *Service) Approve(ctx context.Context, id ID, digest string) (err error) {
	defer fault.Wrap(&err, "requests.Approve(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "approve", "release")
	if err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, Approve, rule)
	if err != nil {
		return err
	}
	if c.Release == nil || c.Release.State != Prepared {
		return fault.New(fault.Conflict, "The records are not frozen yet. Reload the page in a moment.")
	}
	if err := distinct(actor.Person, c); err != nil {
		return err
	}
	if digest != c.Release.Digest {
		return fault.New(fault.Conflict, "What you saw is not what would leave now. Look at the records again before you approve.")
	}
	if err := s.stands(ctx, c); err != nil {
		return err
	}
	if _, err := s.asFrozen(ctx, *c.Release, func(Record) bool { return true }); err != nil {
		return err
	}
	rel := *c.Release
	proof, err := identity.RequireProof(ctx, identity.PurposeApprove, ApprovalDigest(rel))
	if err != nil {
		return err
	}
	rel.State, rel.Version, rel.Approver, rel.ApprovedAt, rel.ApprovedDigest = ApprovedR, rel.Version+1, actor.Person, s.now(), digest
	second := change.Part{Event: s.releaseEvent(ctx, rel, "release.approved", part.Event.ID), Update: []any{&rel}}
	second.Event.Facts["rule"] = rule
	second.Event.Values = append(second.Event.Values, digestValue(rel))
	change.Prove(&second, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part, second}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// stands refuses a release whose ground has fallen since it was prepared. The
// database looks once more when the step is committed.
func (s *Service) stands(ctx context.Context, c Case) error {
	if c.Agency.Standing != identity.Verified || !c.holderActive() {
		return fault.New(fault.Gate, "The agency is suspended, or the officer who holds the request has left it. Nothing leaves until that is settled.")
	}
	for _, i := range c.Release.Items {
		if _, err := s.Releases.Confirmed(ctx, i.Finding); err != nil {
			return err
		}
	}
	if err := s.sameHolders(ctx, c, c.Release.Items); err != nil {
		return err
	}
	if err := s.rightsLeave(ctx, c, leavingOf(c.Release)...); err != nil {
		return err
	}
	return s.guard(ctx, c)
}

// distinct refuses a person who already had another part in the case.
func distinct(person identity.PersonID, c Case) error {
	rel := *c.Release
	parts := map[identity.PersonID]string{rel.Officer: "asked for these data", rel.Reviewer: "decided on the request"}
	for _, t := range c.TakeOvers {
		parts[t.To] = "held the request for its agency"
	}
	for _, i := range rel.Items {
		for _, p := range i.Confirmers {
			parts[p] = "confirmed a violation in it"
		}
	}
	if did, ok := parts[person]; ok {
		return fault.New(fault.Gate, "You %s, so somebody else has to approve the release.", did)
	}
	return nil
}

// releaseEvent begins an event of a release, after the case's own.
func (s *Service) releaseEvent(ctx context.Context, rel Release, kind string, causes ...audit.EventID) audit.Event {
	e := change.Event(ctx, s.now(), kind, StreamOfRelease(rel.ID), rel.Version)
	e.Causes = causes
	e.Facts["ref"], e.Facts["state"] = rel.Ref, string(rel.State)
	if rel.State == Exported || rel.State == RecalledR {
		e.Facts["request"] = string(rel.Request)
		return e
	}
	e.Values = append(e.Values, value("request", string(rel.Request)))
	return e
}

// Return sends a case back to its reviewer, with a reason; nothing leaves.
func (s *Service) Return(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Return(%s)", id)
	c, _, rule, err := s.open(ctx, id, "return", "release")
	if err != nil {
		return err
	}
	return s.takeReasoned(ctx, c, reasoned{Return, rule, why, "Say what the reviewer should look at again.",
		func(q *Request, part *change.Part, _ personal.Text) []change.Part {
			s.startOver(part, q, c)
			return s.cancel(ctx, c, *part, "returned")
		}})
}

// cancel gives the part that ends a case's release, if there is one.
func (s *Service) cancel(ctx context.Context, c Case, because change.Part, why string) []change.Part {
	if c.Release == nil {
		return nil
	}
	return []change.Part{s.cancelled(ctx, *c.Release, because, why)}
}

// cancelled is the part that ends a release from which nothing has left.
func (s *Service) cancelled(ctx context.Context, rel Release, because change.Part, why string) change.Part {
	rel.State, rel.Version = Cancelled, rel.Version+1
	e := s.releaseEvent(ctx, rel, "release.cancelled", because.Event.ID)
	e.Facts["why"] = why
	return change.Part{Event: e, Update: []any{&rel}}
}

// String gives the release's reference and state, for logs.
func (r Release) String() string { return fmt.Sprintf("%s (%s)", r.Ref, r.State) }
