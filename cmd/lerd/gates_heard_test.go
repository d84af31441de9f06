package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// hears wants a gate's own sentence: another gate behind it refuses the same, and
// would be taken for it.
func (s *scenario) hears(name string, err error, kind fault.Kind, sentence string) {
	s.t.Helper()
	said := fmt.Sprint(fault.Message(err), " ", err)
	for _, p := range fault.ProblemsOf(err) {
		said += " " + p.Message
	}
	if fault.KindOf(err) != kind || !strings.Contains(said, sentence) {
		s.t.Errorf("%s: %q, want %s: %q", name, said, kind, sentence)
	}
}

// asTheyWere is somebody with the role of another: whom another account, or another
// office, let come that far.
func (s *scenario) asTheyWere(person, with string) context.Context {
	ctx := s.as(with)
	actor, _ := identityFrom(ctx)
	actor.Person = identity.PersonID(s.personID(person))
	return identity.Evaluating(identity.With(s.ctx, actor), s.clock.Now)
}

// TestGatesBeforeARelease asks for what is not there yet.
func TestGatesBeforeARelease(t *testing.T) {
	s := newScenario(t)
	asha, rita, anna, system := s.as("asha.rao"), s.as("rita.lind"), s.as("anna.keller"), s.system_()
	id := s.submit("IN/94/2026/751").ID
	_, _, err := s.cases.ViewRelease(anna, id, 0, 1<<20)
	s.hears("a release that is not there", err, fault.NotFound, "There is nothing here")
	_, _, err = s.cases.ExportCase(system, id)
	s.hears("an export without approval", err, fault.Gate, "no approved release")
	_, _, err = s.cases.ExportCopy(system, id, "00000000-0000-4000-8000-000000000001")
	s.hears("a copy of no bundle", err, fault.Gate, "The bundle is not out")
	s.hears("a recall of no bundle", s.cases.ProposeRecall(rita, id, "wrong_records", "Of a test system."), fault.Conflict, "There is no bundle out")
	s.hears("a recall that nobody proposed", s.cases.ConfirmRecall(anna, id, "So it is."), fault.Conflict, "No recall waits")
	s.hears("a recall that nobody proposed, rejected", s.cases.RejectRecall(anna, id, "It is not so."), fault.Conflict, "No recall waits")
	s.hears("an answer to no recall", s.cases.AcknowledgeRecall(asha, id), fault.Conflict, "There is no recall to acknowledge")
	_, err = s.cases.ResultFile(asha, id)
	s.hears("a result that is not there", err, fault.NotFound, "There is nothing here")
	_, _, _, _, err = s.cases.DraftObjection(s.as("helen.park"), id)
	s.hears("an objection without a conflict", err, fault.Conflict, "This demand is not in conflict any more")
	s.hears("a case that nobody holds, taken over", s.cases.TakeOverClaim(s.as("omar.haddad"), id, "She is away."), fault.Conflict, "Only a case that a colleague holds")
	s.must(s.cases.Claim(rita, id))
	s.hears("the own case, taken over", s.cases.TakeOverClaim(rita, id, "I am away."), fault.Conflict, "Only a case that a colleague holds")
	docs := make([]requests.DocumentID, requests.MaxAttachments+1)
	s.hears("too many attachments", s.cases.Write(asha, id, "All of it.", docs), fault.TooMany, "at most 30 attachments")
	_, err = s.cases.List(context.Background(), requests.Filter{})
	s.hears("nobody", err, fault.SignIn, "Please sign in")
	_, err = s.cases.OpenDraft(context.Background(), "00000000-0000-4000-8000-000000000001") // which nothing else asks before it looks
	s.hears("nobody with a draft", err, fault.SignIn, "Please sign in")
}

// TestGatesOfARelease asks for what is not so any more: of a release that waits for
// its approval, and of a bundle that is out.
func TestGatesOfARelease(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	id, anna, asha := c.Request.ID, s.as("anna.keller"), s.as("asha.rao")
	for who, did := range map[string]string{"asha.rao": "", "rita.lind": "", "carl.ito": "confirmed a violation in it", "dana.cruz": "confirmed a violation in it"} {
		s.hears("approval by "+who, s.cases.Approve(s.asTheyWere(who, "anna.keller"), id, rel.Digest), fault.Gate, did+", so somebody else has to approve")
	}
	s.must(s.cases.Approve(anna, id, rel.Digest))
	_, _, err := s.cases.ExportCopy(s.system_(), id, "00000000-0000-4000-8000-000000000001")
	s.hears("a copy before the export", err, fault.Gate, "The bundle is not out")
	s.jobs()
	if got := s.state(id); got != requests.ExportedCase {
		t.Fatalf("the case is %s", got)
	}
	_, _, err = s.cases.ExportCase(s.system_(), id)
	s.hears("an export once more", err, fault.Gate, "no approved release")
	_, _, err = s.cases.ExportCopy(s.system_(), id, "00000000-0000-4000-8000-000000000001")
	s.hears("a copy that nobody ordered", err, fault.Conflict, "Nobody waits for this copy")
	s.must(s.cases.ProposeRecall(s.as("rita.lind"), id, "wrong_records", "Of a test system."))
	s.hears("a second recall", s.cases.ProposeRecall(s.as("rita.lind"), id, "wrong_records", "Of a test system."), fault.Conflict, "its recall is proposed already")
	s.hears("a recall that waits, acknowledged", s.cases.AcknowledgeRecall(asha, id), fault.Conflict, "There is no recall to acknowledge")
	own := s.asTheyWere("rita.lind", "anna.keller")
	s.hears("the own recall, confirmed", s.cases.ConfirmRecall(own, id, "So it is."), fault.Gate, "You proposed this recall")
	s.hears("the own recall, rejected", s.cases.RejectRecall(own, id, "It is not so."), fault.Gate, "You proposed this recall")
	s.must(s.cases.ConfirmRecall(anna, id, "So it is."))
	s.hears("confirmed twice", s.cases.ConfirmRecall(anna, id, "So it is."), fault.Conflict, "No recall waits")
	s.must(s.cases.AcknowledgeRecall(asha, id))
	s.hears("acknowledged twice", s.cases.AcknowledgeRecall(asha, id), fault.Conflict, "There is no recall to acknowledge")
}

// TestRecordsThatChangedAreSeen changes a frozen record past every rule of the database.
func TestRecordsThatChangedAreSeen(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	s.withoutRules(t, "release_record", func() {
		attacker{t: t, db: s.ownerDB(), as: "owner"}.exec(fmt.Sprintf("UPDATE release_record SET source_record = 'x' || source_record WHERE release_id = '%s'", rel.ID))
	})
	_, _, err := s.cases.ViewRelease(s.as("anna.keller"), c.Request.ID, 0, 1<<20)
	s.hears("changed records", err, fault.Gate, "are no longer what they were when they were read")
}

// unsigned is a log that has signed nothing yet.
type unsigned struct{ requests.Proofs }

func (unsigned) Proof(context.Context, audit.EventID) ([]byte, error) {
	return nil, fault.New(fault.NotFound, "No checkpoint covers it.")
}

// unsized keeps files of which it does not say how long they are.
type unsized struct{ requests.Blobs }

func (u unsized) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	f, err := u.Blobs.Get(ctx, name)
	return struct{ io.ReadCloser }{f}, err
}

// TestGatesOfADelivery downloads what the log has not signed, what has no length,
// and what was cut.
func TestGatesOfADelivery(t *testing.T) {
	s := newScenario(t)
	c, rel := s.prepared()
	id, asha := c.Request.ID, s.as("asha.rao")
	s.must(s.cases.Approve(s.as("anna.keller"), id, rel.Digest))
	proofs := s.cases.Proofs
	s.cases.Proofs = unsigned{proofs}
	s.jobs()
	_, err := s.cases.Prove(asha, id)
	s.hears("a proof before the log signed", err, fault.Unavailable, "The log signs this release within a moment")
	_, err = s.cases.ResultFile(asha, id)
	s.hears("a result before the log signed", err, fault.Unavailable, "The log signs this result within a moment")
	s.cases.Proofs = proofs
	blobs := s.cases.Blobs
	s.cases.Blobs = unsized{blobs}
	_, _, err = s.cases.Download(asha, id)
	s.hears("a bundle without a length", err, fault.Internal, "does not say how long a bundle is")
	s.cases.Blobs, s.cases.RecheckEvery = blobs, time.Nanosecond
	b, _, err := s.cases.Download(asha, id)
	s.must(err)
	defer b.Close()
	s.suspendAgency(c.Request.Agency, identity.Suspended)
	for _, what := range []string{"after the agency fell", "after it was cut"} {
		_, err = b.Read(make([]byte, 16))
		s.hears(what, err, fault.NotFound, "There is nothing here")
		s.cases.RecheckEvery = time.Hour // it is not asked again, and stays cut
	}
}
