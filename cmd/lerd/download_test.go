package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// ready takes a case to its bundle.
func (s *scenario) ready(number string) requests.ID {
	s.t.Helper()
	q := s.submit(number)
	s.review(q.ID)
	s.jobs()
	s.confirm()
	s.jobs()
	s.must(s.cases.Approve(s.as("anna.keller"), q.ID, s.load(q.ID).Release.Digest))
	s.jobs()
	if got := s.state(q.ID); got != requests.ExportedCase {
		s.t.Fatalf("the case is %s\n%s", got, s.log)
	}
	return q.ID
}

// fetched downloads a bundle whole and gives its bytes.
func (s *scenario) fetched(ctx context.Context, id requests.ID) ([]byte, error) {
	body, _, err := s.cases.Download(ctx, id)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(body)
	if err != nil {
		body.Close()
		return b, err
	}
	return b, body.Close()
}

func (s *scenario) receiptStates(id requests.ID) string {
	var out []string
	for _, r := range s.load(id).Receipts {
		out = append(out, r.State)
	}
	return strings.Join(out, " ")
}

// TestADownloadIsADeliveryOnlyWhenItIsWhole tells of downloads that break off,
// that go through, that are one too many, too late, and of the wrong person.
func TestADownloadIsADeliveryOnlyWhenItIsWhole(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/701")
	officer := s.as("asha.rao")
	actor, _ := identity.From(officer)
	if _, err := s.fetched(identity.With(s.ctx, actor), id); fault.KindOf(err) != fault.StepUp {
		t.Errorf("downloaded without the passkey: %v", err)
	}
	other := identity.WithProof(identity.With(s.ctx, actor), identity.DevelopmentProof(actor, identity.PurposeDownload, identity.DigestOf("another bundle"), s.clock.Now()))
	if _, err := s.fetched(other, id); fault.KindOf(err) != fault.StepUp {
		t.Errorf("downloaded with a passkey's word on another bundle: %v", err)
	}
	if _, err := s.fetched(s.as("vikram.nair"), id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("downloaded by a colleague to whom it was not granted: %v", err)
	}
	if _, err := s.fetched(s.as("jana.weber"), id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("downloaded by another agency: %v", err)
	}
	body, _, err := s.cases.Download(officer, id)
	s.must(err)
	_, err = io.CopyN(io.Discard, body, 100)
	s.must(err)
	s.must(body.Close())
	c := s.load(id)
	if r := c.Receipts[0]; len(c.Receipts) != 1 || r.State != "broken" || r.Bytes != 100 || c.Release.Downloads != 0 || c.Request.State != requests.ExportedCase || c.Grants[0].Delivered != 0 {
		t.Errorf("a broken-off download: %+v, %d deliveries, case %s", r, c.Release.Downloads, c.Request.State)
	}
	b, err := s.fetched(officer, id)
	s.must(err)
	sum := sha256.Sum256(b)
	c = s.load(id)
	if r := c.Receipts[1]; r.State != "delivered" || r.SHA256 != hex.EncodeToString(sum[:]) || r.SHA256 != c.Release.EncryptedSHA256 || r.Bytes != int64(len(b)) || c.Release.Downloads != 1 || c.Request.State != requests.Delivered {
		t.Errorf("a whole download: %+v, %d deliveries, case %s", r, c.Release.Downloads, c.Request.State)
	}
	s.must(s.cases.Acknowledge(officer, id))
	for range requests.MaxDownloads - 1 {
		_, err := s.fetched(officer, id)
		s.must(err)
	}
	if _, err := s.fetched(officer, id); fault.KindOf(err) != fault.TooMany {
		t.Errorf("one download too many: %v", err)
	}
	s.jobs()
	if g := s.load(id).Grants[0]; g.Ended != "used_up" {
		t.Errorf("the grant that was used up has ended as %q", g.Ended)
	}
	s.verifyLog()
}

// TestABundleIsIssuedAgain: when the time is over a reviewer or an approver lets
// the officer fetch the same records anew, in a copy of their own, with a reason, and nobody else does.
func TestABundleIsIssuedAgain(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/702")
	s.clock.Advance(31 * 24 * time.Hour)
	officer := s.as("asha.rao")
	if _, err := s.fetched(officer, id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("downloaded after 31 days: %v", err)
	}
	s.jobs()
	if g := s.load(id).Grants[0]; g.Ended != "expired" {
		t.Errorf("after 31 days the grant has ended as %q", g.Ended)
	}
	for _, who := range []string{"asha.rao", "carl.ito", "ines.moreau", "helen.park"} {
		if err := s.cases.Reissue(s.as(who), id, "expired", "Please."); fault.KindOf(err) != fault.NotFound {
			t.Errorf("issued again by %s: %v", who, err)
		}
	}
	if err := s.cases.Reissue(s.as("rita.lind"), id, "because", ""); len(fault.ProblemsOf(err)) != 2 {
		t.Errorf("issued again for no reason: %v", err)
	}
	s.must(s.cases.Reissue(s.as("rita.lind"), id, "expired", "The officer was on leave."))
	if _, err := s.fetched(officer, id); fault.KindOf(err) != fault.Conflict {
		t.Errorf("downloaded before the copy was sealed: %v", err)
	}
	s.jobs()
	_, err := s.fetched(officer, id)
	s.must(err)
	s.must(s.cases.Reissue(s.as("ben.osei"), id, "file_lost", "The disk failed."))
	s.jobs()
	_, err = s.fetched(officer, id)
	s.must(err)
	c := s.load(id)
	if len(c.Grants) != 3 || c.Grants[1].Ended != "reissued" || c.Grants[2].Reason != "file_lost" || s.receiptStates(id) != "delivered delivered" {
		t.Errorf("grants %+v, receipts %s", c.Grants, s.receiptStates(id))
	}
	s.verifyLog()
}

// TestADownloadInFlightIsCut suspends the agency, and calls the bundle back,
// while an officer reads it.
func TestADownloadInFlightIsCut(t *testing.T) {
	for i, fall := range []struct {
		name string
		do   func(s *scenario, id requests.ID)
	}{
		{"agency suspended", func(s *scenario, id requests.ID) { s.suspendAgency(s.load(id).Request.Agency, identity.Suspended) }},
		{"officer suspended", func(s *scenario, id requests.ID) {
			p := s.load(id).Officer
			p.Active, p.Version = false, p.Version+1
			s.happen("person.suspended", "person:"+string(p.ID), p.Version, &p)
		}},
		{"called back", func(s *scenario, id requests.ID) { s.callBack(id) }},
		{"issued again", func(s *scenario, id requests.ID) {
			s.must(s.cases.Reissue(s.as("rita.lind"), id, "technical_failure", "It hung."))
		}},
	} {
		t.Run(fall.name, func(t *testing.T) {
			s := newScenario(t)
			id := s.ready(fmt.Sprintf("IN/94/2026/71%d", i))
			body, _, err := s.cases.Download(s.as("asha.rao"), id)
			s.must(err)
			first := make([]byte, 64)
			_, err = io.ReadFull(body, first)
			s.must(err)
			fall.do(s, id)
			if n, err := io.Copy(io.Discard, body); err == nil || n > 0 {
				t.Errorf("%d more bytes after that: %v", n, err)
			}
			s.must(body.Close())
			if r := s.load(id).Receipts[0]; r.State != "broken" || r.Bytes != 64 {
				t.Errorf("the receipt says %s, %d bytes", r.State, r.Bytes)
			}
			if s.load(id).Request.State == requests.Delivered {
				t.Error("the case was delivered")
			}
			s.verifyLog()
		})
	}
}

// TestEachStepOfADownloadBothWays breaks the steps of a download both ways: the
// record of its beginning and of its end cannot be written; and lerd is stopped
// between the two.
func TestEachStepOfADownloadBothWays(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/720")
	u := s.unwritable()
	officer := s.as("asha.rao")
	refuse := func(kind string) {
		_, err := u.db.Exec("DELETE FROM refused_kind")
		s.must(err)
		_, err = u.db.Exec("INSERT INTO refused_kind VALUES ($1)", kind)
		s.must(err)
	}
	refuse("release.download_begun")
	before := u.everything()
	if _, err := s.fetched(officer, id); err == nil || u.everything() != before {
		t.Errorf("bytes left without a record of it: %v", err)
	}
	for i, kind := range []string{"release.delivered", "release.downloaded", "request.deliver"} {
		refuse(kind)
		if _, err := s.fetched(officer, id); err != nil {
			t.Errorf("without %s: %v", kind, err)
		}
		c := s.load(id)
		if r := c.Receipts[i]; r.State != "unknown" || r.Bytes != r.Total || c.Release.Downloads != 0 || c.Request.State != requests.ExportedCase {
			t.Errorf("without %s the download is %s, %d deliveries, the case %s", kind, r.State, c.Release.Downloads, c.Request.State)
		}
	}
	refuse("nothing")
	body, _, err := s.cases.Download(officer, id) // lerd is killed before it is closed
	s.must(err)
	_ = body
	s.jobs()
	if got := s.receiptStates(id); got != "unknown unknown unknown begun" {
		t.Errorf("receipts: %s", got)
	}
	s.clock.Advance(2 * time.Hour)
	s.jobs()
	if got := s.receiptStates(id); got != "unknown unknown unknown unknown" {
		t.Errorf("two hours later: %s", got)
	}
	_, err = s.fetched(officer, id)
	s.must(err)
	if got := s.state(id); got != requests.Delivered {
		t.Errorf("the case is %s", got)
	}
	s.verifyLog()
}

// TestTwoDownloadsAtOnce: both are on record, each once.
func TestTwoDownloadsAtOnce(t *testing.T) {
	s := newScenario(t)
	id := s.ready("IN/94/2026/730")
	officer := s.as("asha.rao")
	errs := together(3, func(int) error { _, err := s.fetched(officer, id); return err })
	ok := kinds(errs)["ok"]
	c := s.load(id)
	if ok == 0 || c.Release.Downloads != ok || c.Grants[0].Delivered != ok || strings.Count(s.receiptStates(id), "delivered") != ok {
		t.Errorf("%v: %d deliveries of the release, %d of the grant, receipts %s", kinds(errs), c.Release.Downloads, c.Grants[0].Delivered, s.receiptStates(id))
	}
	s.verifyLog()
}
