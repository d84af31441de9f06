package web

import (
	"errors"
	"html"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
)

// TestForeignCasesAndAbsentOnesAreTheSame asks for another agency's case and for
// one that nobody has, on every route of a case.
func TestForeignCasesAndAbsentOnesAreTheSame(t *testing.T) {
	st, _, _ := actSite(t)
	st.sessions.actors["tok-stranger"] = identity.Actor{Person: "p7", Name: personal.NewText("Ana Novak"), Role: identity.Officer, Agency: "a2", Session: "s7"}
	for _, r := range st.Routes() {
		if !strings.HasPrefix(r.Path, "/requests/:id") {
			continue
		}
		answer := func(id string) string {
			c := call{method: r.Method, path: strings.Replace(r.Path, ":id", id, 1), token: "tok-stranger"}
			if r.Method == http.MethodPost {
				c.form = formOf("body", "x", "why", "x")
			}
			w := st.do(c)
			if w.Code != 404 {
				t.Errorf("%s %s for %s = %d, want 404", r.Method, r.Path, id, w.Code)
			}
			w.Header().Del("X-Request-Id")
			return headerText(w.Header()) + w.Body.String()
		}
		if answer(caseID) != answer(otherCase) || answer(otherCase) != answer("not-an-id") {
			t.Errorf("%s %s tells a foreign case from an absent one", r.Method, r.Path)
		}
	}
}

// TestPagesOfARoleAreNotThereForOthers walks every route with services behind it.
func TestPagesOfARoleAreNotThereForOthers(t *testing.T) {
	st, _, _ := actSite(t)
	for _, r := range st.Routes() {
		if r.Public || strings.HasPrefix(r.Path, "/probe") {
			continue
		}
		for _, token := range []string{"", "tok-officer", "tok-reviewer", "tok-confirmer"} {
			role := st.sessions.actors[token].Role
			if r.Allows(role) {
				continue
			}
			c := call{method: r.Method, path: strings.Replace(r.Path, ":id", caseID, 1), token: token}
			if r.Method == http.MethodPost {
				c.form = formOf()
			}
			want := 404
			if token == "" {
				want = 401
			}
			if got := st.do(c).Code; got != want {
				t.Errorf("%s %s as %q = %d, want %d", r.Method, r.Path, role, got, want)
			}
		}
	}
}

// TestEveryStateHasWords opens the case in each state.
func TestEveryStateHasWords(t *testing.T) {
	st, d, _ := actSite(t)
	for _, state := range requests.States[1:] {
		d.cs.Request.State = state
		if !state.Open() {
			d.cs.Request.ClosedAt = testDay
		}
		w := st.do(call{path: "/requests/" + caseID, token: "tok-officer"})
		if m := unknownWord.FindString(w.Body.String()); w.Code != 200 || m != "" {
			t.Errorf("%s: %d, word %s", state, w.Code, m)
		}
		for mark, states := range map[string][]requests.State{
			`/reply"`: {requests.NeedsInformation},
			`/withdraw"`: {requests.AwaitingCosignature, requests.Submitted, requests.InReview, requests.NeedsInformation, requests.Qualified, requests.AwaitingConfirmation,
				requests.Confirmed, requests.LegalConflict, requests.Preserved},
		} {
			if got, want := strings.Contains(w.Body.String(), mark), slices.Contains(states, state); got != want {
				t.Errorf("%s: the page offers %s: %v, want %v", state, mark, got, want)
			}
		}
	}
}

func decided(d *deskFake, o requests.Outcome, codes ...string) {
	d.cs.Decisions = []requests.Decision{{Target: "t-1", Category: requests.PhoneNumber, Outcome: o, Reasons: codes, From: testDay.AddDate(0, 0, -3), To: testDay}}
}

func TestResultsSayWhyAndWhatWouldCure(t *testing.T) {
	law, err := theLaw()
	if err != nil {
		t.Fatal(err)
	}
	released := &requests.Release{State: requests.Exported, Items: []requests.Item{{Target: "t-1", Category: requests.PhoneNumber}}}
	for name, tt := range map[string]struct {
		state   requests.State
		outcome requests.Outcome
		codes   []string
		release *requests.Release
		want    []string
	}{
		"pending":           {requests.InReview, requests.Produce, nil, nil, []string{"Not decided yet"}},
		"produced":          {requests.ExportedCase, requests.Produce, nil, released, []string{"Handed over"}},
		"narrowed":          {requests.Closed, requests.Narrow, []string{"RR-10"}, released, []string{"Handed over in part", "30 Oct 2026, 14:05 UTC", law.Refusal("RR-10").Cure}},
		"refused":           {requests.Refused, requests.Refuse, []string{"RR-04"}, nil, []string{"Refused", law.Refusal("RR-04").Text, law.Refusal("RR-04").Cure}},
		"without violation": {requests.ExportedCase, requests.Produce, nil, &requests.Release{State: requests.Exported}, []string{"Nothing to hand over", "whether or not there is such an account"}},
		"refused for it":    {requests.ExportedCase, requests.Refuse, []string{"RR-14"}, &requests.Release{State: requests.Exported}, []string{"Nothing to hand over", "whether or not there is such an account"}},
		"not held":          {requests.NoData, requests.Produce, nil, nil, []string{"Nothing to hand over", "whether or not there is such an account"}},
		"called back":       {requests.Recalled, requests.Produce, nil, nil, []string{"Called back"}},
		"withdrawn":         {requests.Withdrawn, requests.Produce, nil, nil, []string{"ended before a decision"}},
	} {
		st, d, _ := actSite(t)
		d.cs.Request.State, d.cs.Release = tt.state, tt.release
		if tt.state == requests.Recalled {
			d.cs.Recalled = []requests.Release{{State: requests.RecalledR, Items: released.Items}}
		}
		decided(d, tt.outcome, tt.codes...)
		body := st.do(call{path: "/requests/" + caseID, token: "tok-officer"}).Body.String()
		for _, want := range tt.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page lacks %q", name, want)
			}
		}
		if strings.Contains(body, law.Refusal("RR-14").Text) {
			t.Errorf("%s: the page tells that there is an account", name)
		}
		if name == "pending" && strings.Contains(body, "In the bundle") {
			t.Error("a decision shows before it is published")
		}
	}
}

func TestBundleIsOfferedAndSent(t *testing.T) {
	st, d, _ := actSite(t)
	d.cs.Request.State = requests.Delivered
	d.cs.Release = &requests.Release{State: requests.Exported, Ref: "EXP-2026-0000000001", EncryptedSHA256: strings.Repeat("cd", 32), Phones: 1, Addresses: 240, Downloads: 2, ExportedAt: testDay}
	actor := st.sessions.actors["tok-officer"]
	d.cs.Grants = []requests.Grant{{ID: "g1", Officer: actor.Person, Ordinal: 1, Until: testDay.AddDate(0, 1, 0), Deliveries: 10, Begun: 3, Delivered: 2}}
	d.cs.Receipts = []requests.Receipt{{Officer: actor.Person, State: "broken", BegunAt: testDay, Bytes: 4, Total: 9}}
	body := st.do(call{path: "/requests/" + caseID, token: "tok-officer"}).Body.String()
	for _, want := range []string{"cdcdcdcd", "openssl cms -decrypt", "EXP-2026-0000000001.zip.p7m", "lerd bundle verify", "one phone number, 240 IP records", "Downloaded 2 of at most 10 times", "/acknowledge", "broken off, no delivery", "2 Dec 2026"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	d.bundle = sizedBundle{strings.NewReader("encrypted"), 9}
	w := st.post("/requests/"+caseID+"/bundle", formOf())
	for name, want := range map[string]string{"Content-Type": "application/pkcs7-mime", "Cache-Control": "no-store", "Content-Length": "9", "X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment; filename=EXP-2026-____X.zip.p7m"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Code != 200 || w.Body.String() != "encrypted" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	if w := st.do(call{path: "/requests/" + caseID + "/bundle", token: "tok-officer"}); w.Code != 405 {
		t.Errorf("a download by GET = %d", w.Code)
	}
	d.cs.Grants[0].Delivered = 10
	if body := st.do(call{path: "/requests/" + caseID, token: "tok-officer"}).Body.String(); strings.Contains(body, `/bundle"`) {
		t.Error("a bundle that was fetched as often as it may be is still offered")
	}
	d.bundleErr = fault.New(fault.TooMany, "This bundle was downloaded 10 times.")
	if w := st.post("/requests/"+caseID+"/bundle", formOf()); w.Code != 429 || !strings.Contains(w.Body.String(), "downloaded 10 times") {
		t.Errorf("one download too many = %d", w.Code)
	}
}

func TestBrokenDownloadBreaksTheConnection(t *testing.T) {
	st, d, _ := actSite(t)
	d.bundle = io.NopCloser(io.MultiReader(strings.NewReader("half"), failing{}))
	defer func() {
		if p := recover(); !errors.Is(p.(error), http.ErrAbortHandler) {
			t.Errorf("recovered %v", p)
		}
	}()
	st.post("/requests/"+caseID+"/bundle", formOf())
	t.Error("half a bundle was sent as if it were whole")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnswersAndReasonsOnceAndKept(t *testing.T) {
	for path, field := range map[string]string{"/reply": "body", "/withdraw": "why"} {
		st, d, _ := actSite(t)
		d.cs.Request.State = requests.NeedsInformation
		d.cs.Messages = []requests.Message{{FromRole: identity.Reviewer, FromName: "Reviewer 7F", Body: personal.NewText("Which <b>account</b>?"), At: testDay}}
		form := formOf(field, "because <i>")
		first, again := st.post("/requests/"+caseID+path, form), st.post("/requests/"+caseID+path, form)
		if first.Code != 303 || again.Code != 303 || len(d.said) != 1 || first.Header().Get("Location") != again.Header().Get("Location") {
			t.Errorf("%s twice: %d, %d, said %v", path, first.Code, again.Code, d.said)
		}
		d.sayErr = fault.Fields([]fault.Problem{{Field: field, Message: "Say it otherwise."}})
		w := st.post("/requests/"+caseID+path, formOf(field, "kept <i>words"))
		if page := w.Body.String(); w.Code != 422 || !strings.Contains(page, "kept &lt;i&gt;words") || !strings.Contains(page, `href="#`+field+`"`) {
			t.Errorf("%s: %d; want the words kept and the problem at its field", path, w.Code)
		}
		d.sayErr = fault.New(fault.Conflict, "The case has moved on.")
		if w := st.post("/requests/"+caseID+path, formOf(field, "x")); w.Code != 409 {
			t.Errorf("%s after the case moved on = %d", path, w.Code)
		}
	}
}

func TestAcknowledgeOnce(t *testing.T) {
	st, d, _ := actSite(t)
	for range 2 {
		if w := st.post("/requests/"+caseID+"/acknowledge", formOf()); w.Code != 303 || w.Header().Get("Location") != "/requests/"+caseID {
			t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
		}
	}
	if d.acks != 2 || len(d.keys) != 1 {
		t.Errorf("%d tries under %d keys", d.acks, len(d.keys))
	}
}

func TestStoryOfACase(t *testing.T) {
	st, d, _ := actSite(t)
	d.cs.Request.State = requests.NeedsInformation
	d.cs.Messages = []requests.Message{
		{FromRole: identity.Reviewer, FromName: "Reviewer 7F", Body: personal.NewText("Which <b>account</b>?"), At: testDay.Add(time.Hour)},
		{FromRole: identity.Officer, FromName: "Ana Novak", Body: personal.NewText("The first."), At: testDay.Add(2 * time.Hour)},
	}
	body := st.do(call{path: "/requests/" + caseID, token: "tok-officer"}).Body.String()
	if strings.Contains(body, "<b>account") || !strings.Contains(body, "Which &lt;b&gt;account&lt;/b&gt;?") {
		t.Error("a message must be text")
	}
	story := body[strings.Index(body, `class="timeline"`):]
	if !(strings.Index(story, "answer") < strings.Index(story, "Question") && strings.Index(story, "Question") < strings.Index(story, "Request received")) {
		t.Error("the story must begin with what is newest")
	}
	if !strings.Contains(html.UnescapeString(body), "2 Nov, 15:05 UTC+01:00") {
		t.Error("times must stand in the agency's zone beside UTC")
	}
}

func TestListFiltersAndPages(t *testing.T) {
	st, d, _ := actSite(t)
	for i := range 30 {
		d.list = append(d.list, requests.Summary{ID: caseID, Ref: "LR-" + strconv.Itoa(100+i), State: requests.InReview, Process: "EU-EPOC-S", OrderNumber: "=1+1<x>", Targets: 2, EffectBy: testDay})
	}
	d.list = append(d.list, requests.Summary{ID: caseID, Ref: "LR-900", State: requests.NeedsInformation}, requests.Summary{ID: caseID, Ref: "LR-901", State: requests.ExportedCase, Emergency: true})
	get := func(path string) string {
		w := st.do(call{path: path, token: "tok-officer"})
		if w.Code != 200 {
			t.Fatalf("%s = %d", path, w.Code)
		}
		return w.Body.String()
	}
	first := get("/requests")
	for _, want := range []string{"These need your reply", "LR-900", "ready to download", "LR-901", "LR-124", `href="/requests?page=2"`, "=1&#43;1&lt;x&gt;", "Emergency"} {
		if !strings.Contains(first, want) {
			t.Errorf("the first page lacks %q", want)
		}
	}
	if strings.Contains(first, "LR-125") {
		t.Error("the first page is too long")
	}
	if second := get("/requests?page=2"); !strings.Contains(second, "LR-125") || strings.Contains(second, "LR-124") || !strings.Contains(second, `href="/requests"`) {
		t.Error("the second page does not follow the first")
	}
	if ended := get("/requests?show=ended"); !strings.Contains(ended, "No request has ended yet") || strings.Contains(ended, "LR-1") {
		t.Error("the filter does not filter")
	}
	for _, path := range []string{"/requests?show=everything", "/requests?page=-1", "/requests?page=x", "/requests?page=99999999999"} {
		if w := st.do(call{path: path, token: "tok-officer"}); w.Code != 404 {
			t.Errorf("%s = %d, want 404", path, w.Code)
		}
	}
}

func TestNoAddressHoldsWhatIsPersonal(t *testing.T) {
	st, _, _ := actSite(t)
	st.post("/drafts", formOf())
	st.post("/drafts/"+draftID+"/need", formOf("revision", "0", "do", "save", "need", "Ana Novak", "offence_text", "12 Gs"))
	st.do(call{path: "/requests/" + caseID, token: "tok-officer"})
	for _, secret := range []string{"7700", "12 Gs", "Amtsgericht", "Ana Novak"} {
		if strings.Contains(st.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestServicesAreWholeOrAbsent(t *testing.T) {
	st, d, f := actSite(t)
	for name, s := range map[string]Services{
		"cases without law":    {Cases: d},
		"findings without law": {Findings: f},
		"drafts alone":         {Law: st.cfg.Services.Law, Drafts: d, Drafting: d},
		"no agencies":          {Law: st.cfg.Services.Law, Cases: d, Drafts: d, Drafting: d, Delivery: d},
	} {
		cfg := st.cfg
		cfg.Services = s
		if _, err := New(cfg); fault.KindOf(err) != fault.Invalid {
			t.Errorf("New took %s: %v", name, err)
		}
	}
}
