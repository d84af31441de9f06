package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"testing"

	"lerd/internal/requests"
	"lerd/internal/violations"
)

// TestNoDigestInTheLogConfirmsAGuess makes again what somebody could make who has the
// platform's account data and reads the public log: the digest of the few records of one
// account, and of a delivery of one finding. Neither is in the log, and each is what its
// commitment opens to.
func TestNoDigestInTheLogConfirmsAGuess(t *testing.T) {
	s := newScenario(t)
	c := s.released("IN/94/2026/5501", "2026-11-20")
	row := violations.Row{Reference: "MOD-5501", Account: "10000002", Rule: "PR-05", Evidence: "MOD-5501-E"}
	im, err := s.findings.Bring(s.as("emil.novak"), violations.Delivery{How: violations.ByFile, Rows: []violations.Row{row}})
	s.must(err)
	s.sequenceAll()

	_, all := s.rowsKept(c.Request.ID)
	records := requests.NewDigester()
	for _, r := range all {
		records.Add(r)
	}
	body, err := json.Marshal([]violations.Row{row})
	s.must(err)
	sum := sha256.Sum256(body)
	guesses := map[string]string{"the records of a release": records.Sum(), "a delivery of one finding": hex.EncodeToString(sum[:])}
	if guesses["the records of a release"] != s.load(c.Request.ID).Release.Digest || guesses["a delivery of one finding"] != im.Body {
		t.Fatal("the test does not make the digests again that lerd makes")
	}
	opened := map[string]int{}
	for what, guess := range guesses {
		if kinds := s.column("SELECT kind FROM audit.event WHERE position('" + guess + "' IN convert_from(entry, 'UTF8')) > 0"); len(kinds) > 0 {
			t.Errorf("%s: the events %v confirm a guess", what, kinds)
		}
		inPayload := base64.StdEncoding.EncodeToString([]byte(guess))
		for _, kind := range s.column("SELECT e.kind FROM audit.event e JOIN audit.payload p ON p.event_id = e.id WHERE position('" + inPayload + "' IN convert_from(p.body, 'UTF8')) > 0") {
			opened[what+" "+kind]++
		}
	}
	for _, want := range []string{"the records of a release release.prepared", "the records of a release release.approved", "the records of a release export.intended",
		"the records of a release export.sealed", "the records of a release export.released", "a delivery of one finding finding.imported"} {
		if opened[want] == 0 {
			t.Errorf("nothing opens to the digest of %s: %v", want, opened)
		}
	}
}
