package main

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/httpsig"
	"lerd/internal/identity"
	"lerd/internal/requests"
	"lerd/internal/violations"
	"lerd/internal/web"
)

func (s *scenario) bring(who string, rows ...violations.Row) violations.Import {
	s.t.Helper()
	im, err := s.findings.Bring(s.as(who), violations.Delivery{How: violations.ByFile, Rows: rows})
	s.must(err)
	return im
}

// suspectAccount is the account of the story's suspect.
const suspectAccount = "10000001"

// TestFindingsAreBrought: row by row, in part, again without harm, and confirmed by
// two who did not bring them; a case that asks later waits for nobody.
func TestFindingsAreBrought(t *testing.T) {
	s := newScenario(t)
	good := violations.Row{Reference: "MOD-1", Account: suspectAccount, Rule: "PR-05", Evidence: "MOD-1-E"}
	wrong := map[string]violations.Row{
		"account_id": {Reference: "MOD-2", Account: "99999999", Rule: "PR-05", Evidence: "E"}, "rule": {Reference: "MOD-3", Account: suspectAccount, Rule: "PR-99", Evidence: "E"},
		"evidence": {Reference: "MOD-4", Account: suspectAccount, Rule: "PR-05"}, "appeal": {Reference: "MOD-5", Account: suspectAccount, Rule: "PR-05", Evidence: "E", Appeal: "overturned"},
		"reference": good, // twice in one delivery
	}
	rows := []violations.Row{good}
	for _, r := range wrong {
		rows = append(rows, r)
	}
	im := s.bring("emil.novak", rows...)
	if im.Accepted != 1 || im.Total != 6 || len(im.Faults) != 5 {
		t.Fatalf("%+v", im)
	}
	for _, x := range im.Faults {
		if wrong[x.Field].Reference != rows[x.Row-1].Reference {
			t.Errorf("row %d is told at %s", x.Row, x.Field)
		}
	}
	if again := s.bring("emil.novak", good); again.Accepted != 0 || again.Known != 1 {
		t.Errorf("brought again: %+v", again)
	}
	if other := s.bring("emil.novak", violations.Row{Reference: "MOD-1", Account: suspectAccount, Rule: "PR-02", Evidence: "E"}); len(other.Faults) != 1 {
		t.Errorf("another finding under the reference: %+v", other)
	}
	f := s.brought("MOD-1")
	if err := s.findings.Confirm(s.as("emil.novak"), f.ID, violations.Input{Verdict: "confirmed", Evidence: "E"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("confirmed by who brought it: %v", err)
	}
	if list, err := s.findings.List(s.as("emil.novak")); err != nil || len(list) != 0 {
		t.Errorf("it waits for who brought it: %v %v", list, err)
	}
	for _, a := range s.attackers(t) {
		a.refused("confirmed by who brought it", a.try(violations.StreamOf(f.ID), fmt.Sprintf(`INSERT INTO confirmation (id, finding_id, person_id, verdict, evidence, note, at, event_id) VALUES (gen_random_uuid(), '%s', '%s', 'confirmed', 'E', '', now(), $EVENT)`, f.ID, s.personID("emil.novak"))), "who brought")
		a.refused("a longer life", a.try(violations.StreamOf(f.ID), fmt.Sprintf(`UPDATE finding SET expires_at = expires_at + interval '1 year', version = version + 1, event_id = $EVENT WHERE id = '%s'`, f.ID)), "does not move")
		a.refused("withdrawn though brought", a.try(violations.StreamOf(f.ID), fmt.Sprintf(`UPDATE finding SET state = 'withdrawn', version = version + 1, event_id = $EVENT WHERE id = '%s'`, f.ID)), "waits for it")
		a.refused("an origin of another finding", a.try("finding:x", fmt.Sprintf(`INSERT INTO finding_origin SELECT id, import_id, 'X', made_by, $EVENT FROM finding_origin WHERE id = '%s'`, f.ID)), "written with its finding")
	}
	s.confirm()
	for range 2 { // both cases rest on the one finding
		q := s.submit(fmt.Sprintf("IN/94/2026/6%d", len(s.column("SELECT id::text FROM request"))))
		s.review(q.ID)
		s.jobs()
		c := s.load(q.ID)
		if c.Request.State != requests.Confirmed || string(c.Asks[0].Finding) != f.ID || c.Release == nil {
			t.Fatalf("%s, asked %+v", c.Request.State, c.Asks)
		}
	}
	s.verifyLog()
}

func (s *scenario) brought(ref string) violations.Finding {
	s.t.Helper()
	found, err := s.store.Brought(identity.With(s.ctx, identity.SystemActor()), []string{ref})
	s.must(err)
	return found[ref]
}

// TestAnAppealThatIsBroughtRecalls: an appeal in the moderation system stops what
// rests on the finding at once; overturned by two, it calls back what was released.
func TestAnAppealThatIsBroughtRecalls(t *testing.T) {
	s := newScenario(t)
	row := violations.Row{Reference: "MOD-1", Account: suspectAccount, Rule: "PR-05", Evidence: "MOD-1-E"}
	s.bring("emil.novak", row)
	s.confirm()
	out := s.released("IN/94/2026/701", "")
	next := s.submit("IN/94/2026/702")
	s.review(next.ID)
	s.jobs()
	row.Appeal = "pending"
	s.bring("emil.novak", row)
	if err := s.cases.Approve(s.as("anna.keller"), next.ID, s.load(next.ID).Release.Digest); fault.KindOf(err) != fault.Gate {
		t.Errorf("approved under appeal: %v", err)
	}
	row.Appeal = "none" // what has begun does not vanish
	s.bring("emil.novak", row)
	if f := s.brought("MOD-1"); f.Appeal != "pending" {
		t.Errorf("the appeal is %s", f.Appeal)
	}
	for _, who := range []string{"carl.ito", "emil.novak"} {
		s.must(s.findings.Appeal(s.as(who), s.brought("MOD-1").ID, violations.Overturn, "AP-7: another person used the account."))
	}
	s.jobs()
	recalls := s.column(fmt.Sprintf("SELECT reason FROM recall WHERE request_id = '%s'", out.Request.ID))
	if len(recalls) != 1 {
		t.Errorf("what was released is called back: %v", recalls)
	}
	s.verifyLog()
}

// TestFindingsLeaveTheQueue: of a withdrawn case, and when their time is over.
func TestFindingsLeaveTheQueue(t *testing.T) {
	s := newScenario(t)
	q := s.submit("IN/94/2026/703")
	s.review(q.ID)
	s.jobs()
	s.bring("emil.novak", violations.Row{Reference: "MOD-9", Account: suspectAccount, Rule: "PR-02", Evidence: "E"})
	if list, _ := s.findings.List(s.as("carl.ito")); len(list) != 2 {
		t.Fatalf("%d wait", len(list))
	}
	s.must(s.cases.Withdraw(s.as("asha.rao"), q.ID, "Solved otherwise."))
	s.jobs()
	list, err := s.findings.List(s.as("carl.ito"))
	if err != nil || len(list) != 1 || list[0].Rule != "PR-02" {
		t.Fatalf("%v, %v", list, err)
	}
	s.confirm()
	s.clock.Advance(181 * 24 * time.Hour)
	s.jobs()
	if f := s.brought("MOD-9"); f.State != violations.Expired {
		t.Errorf("it is %s", f.State)
	}
	s.verifyLog()
}

// machine gives a call of the findings API that is signed by the moderation's key, and
// spoiled after that.
func (s *scenario) machine() func(body, idempotency string, spoil func(*http.Request)) (int, string) {
	s.t.Helper()
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("m", 32)))
	cfg := s.webConfig(s.clock.Now)
	cfg.Machines = machines{map[string]ed25519.PublicKey{"moderation": key.Public().(ed25519.PublicKey)}, s.clock.Now}
	cfg.TempDir = s.t.TempDir()
	site, err := web.New(cfg)
	s.must(err)
	return func(body, idempotency string, spoil func(*http.Request)) (int, string) {
		r := httptest.NewRequest("POST", "http://localhost:8443/api/v1/findings", bytes.NewReader([]byte(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", idempotency)
		m := &httpsig.Message{Method: "POST", Target: "http://localhost:8443/api/v1/findings", Header: r.Header, Body: []byte(body)}
		s.must(httpsig.Sign(m, httpsig.Request, httpsig.Key{ID: "moderation", Private: key}, s.clock.Now(), ""))
		if spoil != nil {
			spoil(r)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
}

// TestAMachineBringsFindings by signed calls, each once.
func TestAMachineBringsFindings(t *testing.T) {
	s := newScenario(t)
	call := s.machine()
	body := `{"findings":[{"reference":"API-1","account_id":"10000001","rule":"PR-05","evidence":"E-1"},{"reference":"API-2","account_id":"0","rule":"PR-05","evidence":"E-1"}]}`
	code, first := call(body, "key-number-1", nil)
	if code != 200 || !strings.Contains(first, `"accepted":1`) || !strings.Contains(first, `"row":2,"field":"account_id"`) {
		t.Fatalf("%d %s", code, first)
	}
	if code, again := call(body, "key-number-1", nil); code != 200 || again != first {
		t.Errorf("repeated: %d %s", code, again)
	}
	for what, try := range map[string]struct {
		body, key string
		spoil     func(*http.Request)
		want      int
	}{
		"another body under the key": {`{"findings":[{"reference":"API-3","account_id":"10000001","rule":"PR-05","evidence":"E"}]}`, "key-number-1", nil, 409},
		"unsigned":                   {body, "key-number-2", func(r *http.Request) { r.Header.Del("Signature") }, 401},
		"another key":                {body, "key-number-2", func(r *http.Request) { r.Header.Set("Idempotency-Key", "key-number-3") }, 401},
		"too old": {body, "key-number-2", func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), "created=1", "created=2", 1))
		}, 401},
		"something else": {`{"findings":[],"more":1}`, "key-number-2", nil, 422},
		"nothing":        {`{"findings":[]}`, "key-number-2", nil, 422},
		"no key":         {body, "short", nil, 422},
	} {
		if code, got := call(try.body, try.key, try.spoil); code != try.want {
			t.Errorf("%s: %d %s", what, code, got)
		}
	}
	if n := s.column("SELECT count(*)::text FROM finding")[0]; n != "1" {
		t.Errorf("%s findings", n)
	}
	s.verifyLog()
}

// TestAListHoldsNoFindingBack: however many findings wait for a second word or stand,
// a page of the list is of those that the person can still say something of, and what
// an account holder appeals against is found by the account.
func TestAListHoldsNoFindingBack(t *testing.T) {
	s := newScenario(t)
	s.bring("emil.novak", violations.Row{Reference: "MOD-1", Account: suspectAccount, Rule: "PR-05", Evidence: "E"}, violations.Row{Reference: "MOD-2", Account: "10000002", Rule: "PR-05", Evidence: "E"})
	carl, dana := s.as("carl.ito"), s.as("dana.cruz")
	system := identity.With(s.ctx, identity.SystemActor())
	waiting := func(who string) string {
		list, err := s.store.Waiting(system, identity.PersonID(s.personID(who)), 1)
		s.must(err)
		if len(list) == 0 {
			return ""
		}
		return list[0].ID
	}
	first := waiting("carl.ito")
	s.must(s.findings.Confirm(carl, first, violations.Input{Verdict: "confirmed", Evidence: "E"}))
	second := waiting("carl.ito")
	if second == "" || second == first || waiting("dana.cruz") != first || waiting("emil.novak") != "" {
		t.Errorf("first %s; then it is %q for one confirmer, %q for the other, %q for who brought both", first, second, waiting("dana.cruz"), waiting("emil.novak"))
	}
	s.confirm()
	standing, err := s.findings.Standing(dana, 10000002)
	if err != nil || len(standing) != 1 || standing[0].AccountID != 10000002 {
		t.Fatalf("standing of one account: %+v, %v", standing, err)
	}
	s.must(s.findings.Appeal(carl, standing[0].ID, violations.Overturn, "The evidence is of another account."))
	if list, err := s.store.Standing(system, 0, 1); err != nil || len(list) != 1 || list[0].ID != standing[0].ID {
		t.Errorf("the one with an appeal under way does not come first: %+v, %v", list, err)
	}
	if list, err := s.findings.Standing(dana, 10000003); err != nil || len(list) != 0 {
		t.Errorf("an account without findings: %+v, %v", list, err)
	}
}
