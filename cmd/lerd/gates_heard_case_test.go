package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/processes"
	"lerd/internal/requests"
)

// TestGatesOfAReviewOfRights takes counsel's review out of its order.
func TestGatesOfAReviewOfRights(t *testing.T) {
	s := newScenario(t)
	rita, helen, anna := s.as("rita.lind"), s.as("helen.park"), s.as("anna.keller")
	ended := s.submit("IN/94/2026/761").ID
	s.must(s.cases.Withdraw(s.as("asha.rao"), ended, "It is settled."))
	s.hears("a review of a case that has ended", s.cases.OpenRights(helen, ended, []string{"journalist"}), fault.Conflict, "This case has ended")
	id := s.submit("IN/94/2026/762").ID
	s.must(s.cases.Claim(rita, id))
	s.answerAll(rita, id, legal.RoleReviewer)
	s.answerAll(helen, id, legal.RoleCounsel)
	s.hears("a review of nothing", s.cases.OpenRights(helen, id, nil), fault.Invalid, "Choose what the case touches")
	s.must(s.cases.OpenRights(rita, id, []string{"journalist"}))
	s.hears("a second review", s.cases.OpenRights(helen, id, []string{"lawyer"}), fault.Conflict, "open already")
	s.hears("a word on no answer", s.cases.DecideRights(anna, id, true, ""), fault.Conflict, "does not wait for a second person")
	in := s.rightsInput(requests.RefuseRights)
	in.Replies["protected_expression"] = "yes"
	s.must(s.cases.AnswerRights(helen, id, in))
	s.hears("a second answer", s.cases.AnswerRights(s.as("maya.stern"), id, in), fault.Conflict, "does not wait for an answer")
	s.must(s.cases.DecideRights(anna, id, true, ""))
	s.hears("a second word", s.cases.DecideRights(s.as("maya.stern"), id, true, ""), fault.Conflict, "does not wait for a second person")
}

// manyDrafts is a unit with as many drafts as it may have.
type manyDrafts struct{ requests.DraftStore }

func (m manyDrafts) Drafts(ctx context.Context, f requests.DraftFilter) (requests.DraftPage, error) {
	p, err := m.DraftStore.Drafts(ctx, f)
	p.OfUnit = requests.MaxUnitDrafts
	return p, err
}

// mixedUp gives one file for another.
type mixedUp struct {
	requests.Blobs
	of, gives string
}

func (m mixedUp) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	return m.Blobs.Get(ctx, strings.Replace(name, m.of, m.gives, 1))
}

// TestGatesOfADraft: a unit is full, and the order that a request is to follow is
// not the file that was sent.
func TestGatesOfADraft(t *testing.T) {
	s := newScenario(t)
	asha, id := s.as("asha.rao"), s.submit("IN/94/2026/763").ID
	drafts := s.cases.Drafts
	s.cases.Drafts = manyDrafts{drafts}
	_, err := s.cases.NewDraft(asha)
	s.hears("a draft too many", err, fault.TooMany, "Your unit has 500 drafts open")
	s.cases.Drafts = drafts
	s.cases.Blobs = mixedUp{s.cases.Blobs, string(s.load(id).Document.ID), string(s.upload("IN/94/2026/766"))}
	_, err = s.cases.FollowDraft(asha, id)
	s.hears("another order", err, fault.Gate, "This file is no longer the one that was uploaded")
}

// TestGatesOfASecondSignature: what was signed first is not what is there now, or
// the law has changed since.
func TestGatesOfASecondSignature(t *testing.T) {
	s := newScenario(t)
	law := s.proposed("IN/94/2026/764")
	s.must(s.processes.PutInForce(s.as("maya.stern"), s.proposeVersion(s.fewerAccounts())))
	s.clock.Advance(2 * day)
	s.hears("another law", s.cases.CoSign(s.as("vikram.nair"), law.ID), fault.Conflict, "The rules for this legal process have changed")
	bent := s.proposed("IN/94/2026/765")
	s.withoutRules(t, "request", func() {
		s.asOwner(requests.StreamOf(bent.ID), "UPDATE request SET need = need || ' All of it.', event_id = $EVENT WHERE id = '"+string(bent.ID)+"'")
	})
	s.hears("another request", s.cases.CoSign(s.as("vikram.nair"), bent.ID), fault.Gate, "is not what its officer signed")
	for _, q := range []requests.Request{law, bent} {
		if got := s.state(q.ID); got != requests.AwaitingCosignature {
			t.Errorf("the request is %s", got)
		}
	}
}

// TestGatesOfAnAgencysChoice decides on a motion under another agency's name, and twice.
func TestGatesOfAnAgencysChoice(t *testing.T) {
	s := newScenario(t)
	nora, paul := s.as("nora.berg"), s.as("paul.adler")
	agency, other := identity.AgencyID(s.agencyOf("asha.rao")), identity.AgencyID(s.agencyOf("jana.weber"))
	s.must(s.cases.ProposeChoice(nora, agency, "IN-94", false))
	motion := s.column("SELECT id::text FROM agency_motion WHERE state = 'proposed'")[0]
	s.hears("another agency's motion", s.cases.DecideChoice(paul, other, motion, true), fault.NotFound, "There is nothing here")
	s.must(s.cases.DecideChoice(paul, agency, motion, true))
	s.hears("decided twice", s.cases.DecideChoice(paul, agency, motion, false), fault.Conflict, "This was decided already")
}

// TestGatesOfALaw puts a version in force after its day has come.
func TestGatesOfALaw(t *testing.T) {
	s := newScenario(t)
	id := s.proposeVersion(s.fewerAccounts())
	s.clock.Advance(3 * day)
	s.hears("a day that has come", s.processes.PutInForce(s.as("maya.stern"), id), fault.Gate, "It cannot be put in force any more")
	p, err := s.store.Proposal(s.as("helen.park"), id)
	if s.must(err); p.State != processes.Proposed {
		t.Errorf("it is %s", p.State)
	}
}
