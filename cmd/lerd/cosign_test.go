package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// proposed gives a request that waits for its second signature.
func (s *scenario) proposed(number string) requests.Request {
	s.t.Helper()
	q, err := s.cases.Submit(s.as("asha.rao"), s.submission(s.upload(number), number))
	s.must(err)
	if q.State != requests.AwaitingCosignature {
		s.t.Fatalf("the request is %q and should wait for its second signature", q.State)
	}
	return q
}

// TestARequestCountsFromItsSecondSignature waits half a day for the supervisor,
// and finds the clocks of the law to run from there.
func TestARequestCountsFromItsSecondSignature(t *testing.T) {
	s := newScenario(t)
	q := s.proposed("IN/94/2026/401")
	for _, who := range []string{"rita.lind", "helen.park", "anna.keller", "jana.weber"} {
		if _, err := s.cases.View(s.as(who), q.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s sees a request that its agency has not submitted: %v", who, err)
		}
		list, err := s.cases.List(s.as(who), requests.Filter{})
		if err != nil || len(list) > 0 {
			t.Errorf("%s has it in a list: %v %v", who, list, err)
		}
	}
	if err := s.cases.Claim(s.as("rita.lind"), q.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a reviewer claims it: %v", err)
	}
	s.clock.Advance(12 * time.Hour)
	s.must(s.cases.CoSign(s.as("vikram.nair"), q.ID))
	c := s.load(q.ID)
	if c.Request.State != requests.Submitted || !c.Request.ReceivedAt.Equal(s.clock.Now()) || !c.Request.AcknowledgeBy.After(q.AcknowledgeBy.Add(time.Hour)) {
		t.Errorf("state %q, received %v, acknowledge by %v (%v at the first signature)", c.Request.State, c.Request.ReceivedAt, c.Request.AcknowledgeBy, q.AcknowledgeBy)
	}
	first, ok1 := c.Signature(requests.SignedToSubmit)
	second, ok2 := c.Signature(requests.SignedToCosign)
	want := fmt.Sprintf("%x", requests.Digest(c.Request, c.Document.SHA256, c.Links))
	if !ok1 || !ok2 || first.Digest != want || second.Digest != want || first.By == second.By || second.AttestationSHA256 == first.AttestationSHA256 {
		t.Errorf("signatures %+v, %+v, digest %s", first, second, want)
	}
	changed := c.Request
	changed.Targets = append([]requests.Target{}, c.Request.Targets...)
	changed.Targets[0].To = changed.Targets[0].To.Add(time.Second)
	if requests.Digest(changed, c.Document.SHA256, c.Links) == requests.Digest(c.Request, c.Document.SHA256, c.Links) {
		t.Error("the digest does not see a period that is a second longer")
	}
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
}

// TestWhoSignsASecondTime tries everybody who may not.
func TestWhoSignsASecondTime(t *testing.T) {
	s := newScenario(t)
	q := s.proposed("IN/94/2026/402")
	for _, who := range []string{"asha.rao", "jana.weber", "rita.lind", "helen.park", "anna.keller", "carl.ito", "ines.moreau"} {
		for name, step := range map[string]func(context.Context) error{
			"signs":      func(ctx context.Context) error { return s.cases.CoSign(ctx, q.ID) },
			"sends back": func(ctx context.Context) error { return s.cases.SendBack(ctx, q.ID, "No.") },
		} {
			if err := step(s.as(who)); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s %s: %v", who, name, err)
			}
		}
	}
	plain, _ := identity.From(s.as("vikram.nair"))
	plain.Supervisor = false
	colleague := identity.Evaluating(identity.With(s.ctx, plain), s.clock.Now)
	if err := s.cases.CoSign(colleague, q.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a colleague who does not supervise signs: %v", err)
	}
	if err := s.cases.SendBack(s.as("vikram.nair"), q.ID, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("sent back without a reason: %v", err)
	}
	s.must(s.cases.SendBack(s.as("vikram.nair"), q.ID, "The order names another number."))
	if got := s.state(q.ID); got != requests.Redrafted {
		t.Errorf("it is %q", got)
	}
	if err := s.cases.CoSign(s.as("vikram.nair"), q.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("signed after it was sent back: %v", err)
	}
}

// TestThePolicyOnSecondSignatures reads it as the agencies do.
func TestThePolicyOnSecondSignatures(t *testing.T) {
	s := newScenario(t)
	system := identity.With(s.ctx, identity.SystemActor())
	agency := s.proposed("IN/94/2026/403").Agency
	submit := func(number string) requests.State {
		q, err := s.cases.Submit(s.as("asha.rao"), s.submission(s.upload(number), number))
		s.must(err)
		return q.State
	}
	s.must(s.cases.ChooseCosignature(system, agency, "", false))
	if got := submit("IN/94/2026/404"); got != requests.Submitted {
		t.Errorf("without a second signature wanted it is %q", got)
	}
	s.must(s.cases.ChooseCosignature(system, agency, "IN-94", true))
	if got := submit("IN/94/2026/405"); got != requests.AwaitingCosignature {
		t.Errorf("with one wanted for this process it is %q", got)
	}
	for _, who := range []string{"asha.rao", "rita.lind", "jana.weber"} {
		if err := s.cases.ChooseCosignature(s.as(who), agency, "", false); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s chooses for the agency: %v", who, err)
		}
	}
	var wanted []bool
	for _, process := range []string{"IN-94", "IN-69", "MLAT"} {
		var w bool
		s.must(s.ownerDB().QueryRow("SELECT cosignature_wanted($1, $2, false)", string(agency), process).Scan(&w))
		wanted = append(wanted, w)
	}
	if got := fmt.Sprint(wanted); got != "[true true false]" {
		t.Errorf("the database wants a second signature for IN-94, IN-69 and MLAT: %s", got)
	}
}

// TestNoSecondSignatureNoSubmission attacks the database as the application.
func TestNoSecondSignatureNoSubmission(t *testing.T) {
	s := newScenario(t)
	q := s.proposed("IN/94/2026/406")
	other := s.proposed("IN/94/2026/407")
	owner := s.ownerDB()
	for name, attack := range map[string][]string{
		"submitted without it":  {`UPDATE request SET state = 'submitted', version = version + 1 WHERE id = '` + string(q.ID) + `'`},
		"signed by its officer": {signatureSQL(q, string(q.Officer), "cosign", "")},
		"of another digest":     {signatureSQL(q, s.person("vikram.nair"), "cosign", strings.Repeat("0", 64)), `UPDATE request SET state = 'submitted', version = version + 1 WHERE id = '` + string(q.ID) + `'`},
		"of another agency":     {signatureSQL(q, s.person("jana.weber"), "cosign", ""), `UPDATE request SET state = 'submitted', version = version + 1 WHERE id = '` + string(q.ID) + `'`},
		"of an earlier step":    {signatureSQL(other, s.person("vikram.nair"), "cosign", "")},
		"reworded":              {`UPDATE request_signature SET digest = repeat('0', 64)`},
		"a second first one":    {signatureSQL(q, string(q.Officer), "submit", "")},
	} {
		tx, err := owner.Begin()
		s.must(err)
		var failed error
		for _, sql := range append(attack, "SET CONSTRAINTS check_signatures, check_signature IMMEDIATE") {
			if _, failed = tx.Exec(sql); failed != nil {
				break
			}
		}
		if failed == nil {
			t.Errorf("%s: the database lets it pass", name)
		}
		s.must(tx.Rollback())
	}
	tx, err := owner.Begin()
	s.must(err)
	defer tx.Rollback()
	_, err = tx.Exec(`CREATE TEMP TABLE twin AS SELECT * FROM request WHERE id = '` + string(q.ID) + `'`)
	s.must(err)
	_, err = tx.Exec(`UPDATE twin SET id = gen_random_uuid(), ref = 'LR-2026-AAAA-AAAA', state = 'submitted'`)
	s.must(err)
	if _, err := tx.Exec(`INSERT INTO request SELECT * FROM twin`); err == nil || !strings.Contains(err.Error(), "second signature") {
		t.Errorf("a request is inserted as submitted: %v", err)
	}
}

func signatureSQL(q requests.Request, by, kind, digest string) string {
	of := "digest"
	if digest != "" {
		of = "'" + digest + "'"
	}
	return fmt.Sprintf(`INSERT INTO request_signature SELECT gen_random_uuid(), request_id, agency_id, officer_id, '%s', '%s', %s, attestation, attestation_sha256,
		method, assertion, at, '%s' FROM request_signature WHERE request_id = '%s' AND kind = 'submit'`, by, kind, of, q.EventID, q.ID)
}

// person gives the id of one of the cast.
func (s *scenario) person(signIn string) string {
	a, _ := identity.From(s.as(signIn))
	return string(a.Person)
}

// TestTenMinutesToTakeItBack tries to take requests back at every wrong moment.
func TestTenMinutesToTakeItBack(t *testing.T) {
	s := newScenario(t)
	officer := s.as("asha.rao")
	in := time.Minute
	for _, c := range []struct {
		name   string
		before func(q requests.Request) requests.ID
		want   fault.Kind
		state  requests.State
	}{
		{"while it waits", func(q requests.Request) requests.ID { s.clock.Advance(time.Hour); return q.ID }, "", requests.Redrafted},
		{"at once", func(q requests.Request) requests.ID { return s.cosigned(q.ID).ID }, "", requests.Redrafted},
		{"in the tenth minute", func(q requests.Request) requests.ID { s.cosigned(q.ID); s.clock.Advance(10 * in); return q.ID }, "", requests.Redrafted},
		{"later", func(q requests.Request) requests.ID { s.cosigned(q.ID); s.clock.Advance(10*in + 1000); return q.ID }, fault.Conflict, requests.Submitted},
		{"once it is claimed", func(q requests.Request) requests.ID {
			s.cosigned(q.ID)
			s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
			return q.ID
		}, fault.Conflict, requests.InReview},
	} {
		id := c.before(s.proposed("IN/94/2026/41-" + strings.ReplaceAll(c.name, " ", "-")))
		for _, who := range []string{"vikram.nair", "jana.weber", "rita.lind"} {
			if err := s.cases.TakeBack(s.as(who), id); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: %s takes it back: %v", c.name, who, err)
			}
		}
		err := s.cases.TakeBack(officer, id)
		if err == nil && c.want != "" || err != nil && fault.KindOf(err) != c.want || s.state(id) != c.state {
			t.Errorf("%s: %v, and it is %q", c.name, err, s.state(id))
		}
	}
}
