package requests

import (
	"context"
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// Recall calls a bundle back that has left.
type Recall struct {
	ID             string
	Release        ReleaseID
	Request        ID
	Agency         identity.AgencyID
	Reason         string            // one of RecallReasons, or finding_overturned
	Note           personal.Text     // of the platform's own; the agency reads the reason alone
	Finding        FindingID         // the finding that fell, if one did
	State          string            // proposed, confirmed, rejected
	ProposedBy     identity.PersonID // empty: lerd itself
	ProposedAt     time.Time
	DecidedBy      identity.PersonID
	DecidedAt      time.Time
	DecidedNote    personal.Text
	AcknowledgedBy identity.PersonID
	AcknowledgedAt time.Time
	DeletedBy      identity.PersonID
	DeletedAt      time.Time
	Holders        personal.Text // who held copies, as the agency says
	Reminders      int
	Version        int64
	EventID        audit.EventID
}

// The states of a recall.
const (
	RecallProposed  = "proposed"
	RecallConfirmed = "confirmed"
	RecallRejected  = "rejected"
)

// overturned is the reason of a recall that lerd proposes itself.
const overturned = "finding_overturned"

// RecallReasons are the reasons that a reviewer can give.
var RecallReasons = []string{"wrong_account", "wrong_period", "wrong_records", "order_withdrawn", "order_not_genuine", "law_forbids"}

// RecallSummary is a recall in the register.
type RecallSummary struct {
	Recall
	ReleaseRef string
	CaseRef    string
	AgencyName string
	Downloads  int
}

// Fallen is a bundle that is out and rests on a finding that was overturned.
type Fallen struct {
	Request ID        `gorm:"column:request"`
	Finding FindingID `gorm:"column:finding"`
}

// forAgency leaves out what the platform's people said among themselves.
func (r Recall) forAgency() Recall {
	r.Note, r.DecidedNote, r.ProposedBy, r.DecidedBy, r.Finding = personal.Text{}, personal.Text{}, "", "", ""
	return r
}

// Recall gives the recall of a case's bundle that is proposed or confirmed, the
// newest.
func (c Case) Recall() *Recall {
	for i := len(c.Recalls) - 1; i >= 0; i-- {
		if c.Recalls[i].State != RecallRejected {
			return &c.Recalls[i]
		}
	}
	return nil
}

// CanRecall tells whether a recall can be proposed.
func (c Case) CanRecall() bool {
	return c.Release != nil && c.Release.State == Exported && !slices.ContainsFunc(c.Recalls, func(r Recall) bool { return r.Release == c.Release.ID && r.State == RecallProposed })
}

// ProposeRecall is a reviewer's word that a bundle should not have left as it
// did. Nothing changes for the agency until an approver confirms it.
func (s *Service) ProposeRecall(ctx context.Context, id ID, reason, why string) (err error) {
	defer fault.Wrap(&err, "requests.ProposeRecall(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "propose_recall", "release")
	if err != nil {
		return err
	}
	if !c.CanRecall() {
		return fault.New(fault.Conflict, "There is no bundle out that could be called back, or its recall is proposed already. Reload the page.")
	}
	var r reader
	if !slices.Contains(RecallReasons, reason) {
		r.fail("reason", "Choose why the bundle has to come back.")
	}
	note := r.text("why", why, "Say in a few sentences what is wrong with the bundle. The approver and the auditors read it.")
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	rc := Recall{ID: newID[string](), Release: c.Release.ID, Request: id, Agency: c.Request.Agency, Reason: reason, Note: note, State: RecallProposed,
		ProposedBy: actor.Person, ProposedAt: s.now(), Version: 1}
	part := change.Part{Event: s.recallEvent(ctx, rc, "recall.proposed", rule, c.Release.EventID), Insert: []any{&rc}}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// ProposeFallen proposes the recall of a bundle whose finding was overturned on
// appeal after it had left. An approver decides on it as on any other.
func (s *Service) ProposeFallen(ctx context.Context, f Fallen) (err error) {
	defer fault.Wrap(&err, "requests.ProposeFallen(%s)", f.Request)
	c, _, rule, err := s.open(ctx, f.Request, "export", "release")
	if err != nil || !c.CanRecall() {
		return err
	}
	rc := Recall{ID: newID[string](), Release: c.Release.ID, Request: f.Request, Agency: c.Request.Agency, Reason: overturned, Finding: f.Finding,
		State: RecallProposed, ProposedAt: s.now(), Version: 1}
	part := change.Part{Event: s.recallEvent(ctx, rc, "recall.proposed", rule, c.Release.EventID), Insert: []any{&rc}}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}})
}

// recallEvent begins an event of a recall.
func (s *Service) recallEvent(ctx context.Context, rc Recall, kind, rule string, causes ...audit.EventID) audit.Event {
	e := change.Event(ctx, s.now(), kind, "recall:"+rc.ID, rc.Version)
	e.Causes = causes
	e.Facts["rule"], e.Facts["reason"], e.Facts["state"] = rule, rc.Reason, rc.State
	e.Facts["request"], e.Facts["release"] = string(rc.Request), string(rc.Release)
	return e
}

// RecallDigest is what an approver agrees to: the recall of these very bytes.
func RecallDigest(rc Recall, rel Release) identity.Digest {
	return identity.DigestOf("lerd recall v1", rc.ID, rc.Reason, string(rel.ID), rel.EncryptedSHA256)
}

// ConfirmRecall is the second person's yes: nobody can fetch the bundle from this
// moment, and the agency has to delete what it has.
func (s *Service) ConfirmRecall(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.ConfirmRecall(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "decide_recall", "release")
	if err != nil {
		return err
	}
	rc, err := c.proposed(actor)
	if err != nil {
		return err
	}
	rel := *c.Release
	proof, err := identity.RequireProof(ctx, identity.PurposeApprove, RecallDigest(*rc, rel))
	if err != nil {
		return err
	}
	note, err := needText("why", why, "Say in a sentence what you looked at.")
	if err != nil {
		return err
	}
	q := c.Request
	step, err := s.step(ctx, &q, RecallCase, rule)
	if err != nil {
		return err
	}
	rc.State, rc.DecidedBy, rc.DecidedAt, rc.DecidedNote, rc.Version = RecallConfirmed, actor.Person, s.now(), note, rc.Version+1
	said := change.Part{Event: s.recallEvent(ctx, *rc, "recall.confirmed", rule, step.Event.ID), Update: []any{rc}}
	change.Prove(&said, proof)
	rel.State, rel.Version = RecalledR, rel.Version+1
	gone := change.Part{Event: s.releaseEvent(ctx, rel, "release.recalled", said.Event.ID), Update: []any{&rel}}
	gone.Event.Facts["reason"], gone.Event.Facts["downloads"] = rc.Reason, itoa(rel.Downloads)
	parts := []change.Part{step, said, gone}
	for _, g := range c.Grants {
		if g.Release == rel.ID && g.Ended == "" {
			parts = append(parts, s.endGrant(ctx, rel, g, grantRecalled, rule))
		}
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// RejectRecall lets the bundle stand.
func (s *Service) RejectRecall(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.RejectRecall(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "decide_recall", "release")
	if err != nil {
		return err
	}
	rc, err := c.proposed(actor)
	if err != nil {
		return err
	}
	if rc.Reason == overturned {
		return fault.New(fault.Gate, "The violation on which the bundle rests was overturned on appeal. Its recall cannot be rejected.")
	}
	note, err := needText("why", why, "Say why the bundle stands.")
	if err != nil {
		return err
	}
	rc.State, rc.DecidedBy, rc.DecidedAt, rc.DecidedNote, rc.Version = RecallRejected, actor.Person, s.now(), note, rc.Version+1
	part := change.Part{Event: s.recallEvent(ctx, *rc, "recall.rejected", rule, rc.EventID), Update: []any{rc}}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// proposed gives the recall that waits for an approver, who is somebody else than
// who proposed it.
func (c Case) proposed(actor identity.Actor) (*Recall, error) {
	rc := c.Recall()
	if rc == nil || rc.State != RecallProposed || c.Release == nil || rc.Release != c.Release.ID {
		return nil, fault.New(fault.Conflict, "No recall waits for a decision here. Reload the page to see where the case stands.")
	}
	if rc.ProposedBy == actor.Person {
		return nil, fault.New(fault.Gate, "You proposed this recall, so somebody else has to decide on it.")
	}
	return rc, nil
}

// Correct takes a case whose bundle was called back into review again: another
// release goes through every gate anew, and takes the place of the one that was
// called back.
func (s *Service) Correct(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.Correct(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "correct", "release")
	if err != nil {
		return err
	}
	if c.Release != nil || len(c.Recalled) == 0 {
		return fault.New(fault.Conflict, "Nothing of this case was called back, so there is nothing to correct.")
	}
	if c.Request.Reviewer != actor.Person {
		return fault.New(fault.Conflict, "The reviewer who decided this case begins its correction, and can give the case back to the queue then.")
	}
	return s.takeReasoned(ctx, c, reasoned{Correct, rule, why, "Say what has to be corrected.",
		func(q *Request, part *change.Part, _ personal.Text) []change.Part {
			s.startOver(part, q, c)
			q.Refusals, q.Reasons = nil, personal.Text{}
			return nil
		}})
}

// superseded gives the release whose place the next one of a case takes.
func (c Case) superseded() ReleaseID {
	if n := len(c.Recalled); n > 0 {
		return c.Recalled[n-1].ID
	}
	return ""
}

// Superseded gives the reference of the release whose place another takes, "" if
// it takes none's.
func (c Case) Superseded(r Release) string {
	for _, o := range c.Recalled {
		if o.ID == r.Supersedes {
			return o.Ref
		}
	}
	return ""
}

// AcknowledgeRecall is the agency's word that it knows of a recall.
func (s *Service) AcknowledgeRecall(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.AcknowledgeRecall(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "answer_recall", "release")
	if err != nil {
		return err
	}
	rc := c.Recall()
	if rc == nil || rc.State != RecallConfirmed || !rc.AcknowledgedAt.IsZero() {
		return fault.New(fault.Conflict, "There is no recall to acknowledge. Reload the page to see where the request stands.")
	}
	rc.AcknowledgedBy, rc.AcknowledgedAt, rc.Version = actor.Person, s.now(), rc.Version+1
	part := change.Part{Event: s.recallEvent(ctx, *rc, "recall.acknowledged", rule, rc.EventID), Update: []any{rc}}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// DeletionDigest is what an officer agrees to: that every copy of these bytes and
// of what was in them is deleted.
func DeletionDigest(rc Recall) identity.Digest {
	return identity.DigestOf("lerd deletion v1", rc.ID, string(rc.Release))
}

// ConfirmDeletion is the agency's word that every copy is deleted, and who held
// one. It acknowledges the recall too, where that was not done before.
func (s *Service) ConfirmDeletion(ctx context.Context, id ID, holders string, sure bool) (err error) {
	defer fault.Wrap(&err, "requests.ConfirmDeletion(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "answer_recall", "release")
	if err != nil {
		return err
	}
	rc := c.Recall()
	if rc == nil || rc.State != RecallConfirmed || !rc.DeletedAt.IsZero() {
		return fault.New(fault.Conflict, "There is no deletion to confirm. Reload the page to see where the request stands.")
	}
	var r reader
	said := r.text("holders", holders, "Name everybody who had a copy or an extract, or write “nobody”.")
	if !sure {
		r.fail("sure", "Confirm that every copy is deleted, in files of the case, mail and backups alike.")
	}
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeDownload, DeletionDigest(*rc))
	if err != nil {
		return err
	}
	if rc.AcknowledgedAt.IsZero() {
		rc.AcknowledgedBy, rc.AcknowledgedAt = actor.Person, s.now()
	}
	rc.DeletedBy, rc.DeletedAt, rc.Holders, rc.Version = actor.Person, s.now(), said, rc.Version+1
	part := change.Part{Event: s.recallEvent(ctx, *rc, "recall.deletion_confirmed", rule, rc.EventID), Update: []any{rc}}
	change.Prove(&part, proof)
	parts := []change.Part{part}
	if q := c.Request; q.State == Recalled {
		step, err := s.step(ctx, &q, ConfirmGone, rule)
		if err != nil {
			return err
		}
		step.Event.Causes = append(step.Event.Causes, part.Event.ID)
		parts = append(parts, step)
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// remindAfter are the days after which an agency is reminded of a recall to which
// it has not answered.
var remindAfter = []int{3, 7, 14, 30}

// RemindRecall puts a reminder on record that is due, for the agency's notices.
func (s *Service) RemindRecall(ctx context.Context, id ID) (err error) {
	defer fault.Wrap(&err, "requests.RemindRecall(%s)", id)
	c, _, rule, err := s.open(ctx, id, "export", "release")
	if err != nil {
		return err
	}
	rc := c.Recall()
	if rc == nil || rc.State != RecallConfirmed || !rc.DeletedAt.IsZero() || rc.Reminders >= len(remindAfter) {
		return nil
	}
	days := remindAfter[rc.Reminders]
	if s.now().Before(rc.DecidedAt.AddDate(0, 0, days)) {
		return nil
	}
	rc.Reminders, rc.Version = rc.Reminders+1, rc.Version+1
	e := s.recallEvent(ctx, *rc, "recall.reminded", rule, rc.EventID)
	e.Facts["days"] = itoa(days)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{rc}}}})
}

// RecallRegister lists every recall, for those who keep watch over them, and
// records the look.
func (s *Service) RecallRegister(ctx context.Context, states ...string) (list []RecallSummary, err error) {
	defer fault.Wrap(&err, "requests.RecallRegister")
	actor, rule, err := s.may(ctx, "list", "recall", "")
	if err != nil {
		return nil, err
	}
	e := change.Event(ctx, s.now(), "recall.listed", "look:recalls:"+string(actor.Person), 0)
	e.Facts["rule"], e.Facts["states"] = rule, strings.Join(states, " ")
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}}); err != nil {
		return nil, err
	}
	return s.After.Recalls(ctx, states, 500)
}

// AfterStore finds what has to happen to releases that left.
type AfterStore interface {
	// Recalls lists recalls that the actor may see, the newest first.
	Recalls(ctx context.Context, states []string, limit int) ([]RecallSummary, error)
	// FallenReleases gives bundles that are out and rest on a finding that was
	// overturned, without a recall.
	FallenReleases(ctx context.Context, limit int) ([]Fallen, error)
	// ResultsDue gives cases that were answered since a time and whose answer is not
	// signed yet.
	ResultsDue(ctx context.Context, since time.Time, limit int) ([]ID, error)
	// PreservedBy counts the preservations of an agency that run.
	PreservedBy(ctx context.Context, agency identity.AgencyID) (int, error)
	// CopiesDue gives copies that wait to be made, of grants that are open.
	CopiesDue(ctx context.Context, limit int) ([]CopyDue, error)
	// Sealings gives each bundle that left.
	Sealings(ctx context.Context, each func(Sealing) error) error
	// Overdue gives cases of which a grant, a download, a recall or a
	// preservation waits for its time to be noticed.
	Overdue(ctx context.Context, now time.Time, limit int) ([]ID, error)
	// UsedUp gives the cases with an open grant that has no download left.
	UsedUp(ctx context.Context, limit int) ([]ID, error)
}
