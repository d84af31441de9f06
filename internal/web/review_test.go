package web

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/requests/orderdoc"
)

const hostile = `"><script>alert(1)</script>=1+1`

// staffFake is the services of staff: one case with a verdict that the test
// sets, and a memory of what was asked of it.
type staffFake struct {
	cs      requests.Case
	list    []requests.Summary
	filters []requests.Filter
	verdict legal.Verdict
	rows    []requests.Record
	frozen  bool
	took    []string // the steps with what they were given
	err     error    // of the next step
	opened  int
	drawn   int
}

func (f *staffFake) List(_ context.Context, fl requests.Filter) ([]requests.Summary, error) {
	f.filters = append(f.filters, fl)
	var out []requests.Summary
	for _, q := range f.list {
		if (fl.States == nil || slices.Contains(fl.States, q.State)) && (fl.Reviewer == "" || fl.Reviewer == q.Reviewer) {
			out = append(out, q)
		}
	}
	out = out[min(fl.Skip, len(out)):]
	return out[:min(fl.Max(), len(out))], nil
}

func (f *staffFake) View(_ context.Context, id requests.ID) (requests.Case, error) {
	if id != f.cs.Request.ID {
		return requests.Case{}, fault.New(fault.NotFound, "no case")
	}
	return f.cs, nil
}

func (f *staffFake) OpenDocument(ctx context.Context, id requests.ID) (requests.Document, io.ReadCloser, error) {
	f.opened++
	_, err := f.View(ctx, id)
	return f.cs.Document, io.NopCloser(strings.NewReader("%PDF-secret")), err
}

func (f *staffFake) take(ctx context.Context, id requests.ID, format string, args ...any) error {
	if _, err := f.View(ctx, id); err != nil {
		return err
	}
	if change.KeyFrom(ctx, "") == nil {
		return fmt.Errorf("the step was taken without its key")
	}
	if f.err != nil {
		return f.err
	}
	f.took = append(f.took, fmt.Sprintf(format, args...))
	return nil
}

func (f *staffFake) Claim(ctx context.Context, id requests.ID) error { return f.take(ctx, id, "claim") }
func (f *staffFake) SendToCounsel(ctx context.Context, id requests.ID, why string) error {
	return f.take(ctx, id, "counsel %s", why)
}

func (f *staffFake) Unclaim(ctx context.Context, id requests.ID, why string) error {
	return f.take(ctx, id, "unclaim %s", why)
}
func (f *staffFake) AnswerChecks(ctx context.Context, id requests.ID, in []requests.CheckInput) error {
	return f.take(ctx, id, "checks %v", in)
}
func (f *staffFake) Decide(ctx context.Context, id requests.ID, in []requests.DecisionInput) error {
	return f.take(ctx, id, "decide %v", in)
}
func (f *staffFake) Ask(ctx context.Context, id requests.ID, body string) error {
	return f.take(ctx, id, "ask %s", body)
}
func (f *staffFake) Qualify(ctx context.Context, id requests.ID, alleged []requests.Allegation) error {
	return f.take(ctx, id, "qualify %v", alleged)
}
func (f *staffFake) Refuse(ctx context.Context, id requests.ID, extra []string, why string) error {
	return f.take(ctx, id, "refuse %v %s", extra, why)
}
func (f *staffFake) SettleConflict(ctx context.Context, id requests.ID, why string) error {
	return f.take(ctx, id, "settle %s", why)
}
func (f *staffFake) Reopen(ctx context.Context, id requests.ID, why string) error {
	return f.take(ctx, id, "reopen %s", why)
}
func (f *staffFake) Verdict(context.Context, requests.Case) (legal.Verdict, error) {
	return f.verdict, nil
}
func (f *staffFake) Statement(requests.Case, legal.Verdict) string { return "The statement " + hostile }
func (f *staffFake) ViewRelease(_ context.Context, id requests.ID, first, most int) (requests.Case, requests.Sheet, error) {
	if id != f.cs.Request.ID || !f.frozen {
		return requests.Case{}, requests.Sheet{}, fault.New(fault.NotFound, "no release")
	}
	sheet := requests.Sheet{Total: len(f.rows), Of: map[requests.ItemID]int{}, Rows: f.rows[min(first, len(f.rows)):min(first+most, len(f.rows))]}
	for _, r := range f.rows {
		sheet.Of[r.Item]++
	}
	return f.cs, sheet, nil
}
func (f *staffFake) Approve(ctx context.Context, id requests.ID, digest string) error {
	return f.take(ctx, id, "approve %s", digest)
}
func (f *staffFake) Return(ctx context.Context, id requests.ID, why string) error {
	return f.take(ctx, id, "return %s", why)
}
func (f *staffFake) Pseudonyms(_ context.Context, ids []identity.PersonID) (map[identity.PersonID]string, error) {
	known := map[identity.PersonID]string{"p2": "Reviewer 7F", "p8": "Reviewer 2C", "p9": "Confirmer 4B", "p10": "Confirmer 9E"}
	out := map[identity.PersonID]string{}
	for _, id := range ids {
		if known[id] != "" {
			out[id] = known[id]
		}
	}
	return out, nil
}
func (f *staffFake) Twins(context.Context, requests.Request, string) ([]requests.ID, error) {
	return []requests.ID{otherCase}, nil
}
func (f *staffFake) Page(_ context.Context, pdf []byte, page int) (orderdoc.Picture, error) {
	f.drawn++
	if string(pdf) != "%PDF-secret" {
		return orderdoc.Picture{}, fmt.Errorf("drew something else: %s", pdf)
	}
	return orderdoc.Picture{PNG: []byte(fmt.Sprintf("pixels of page %d", page))}, nil
}

// staffSite is a portal with the pages of reviewer, counsel and approver; the
// reviewer p2 holds the case.
func staffSite(t *testing.T) (*site, *staffFake) {
	t.Helper()
	law, err := theLaw()
	if err != nil {
		t.Fatal(err)
	}
	p, err := law.Current("IN-94", testDay)
	if err != nil {
		t.Fatal(err)
	}
	f := &staffFake{cs: newDesk().cs}
	q := &f.cs.Request
	q.Reviewer, q.ClaimedAt = "p2", testDay
	q.Process = requests.ProcessPin{ID: "IN-94", Version: p.Version, Digest: p.Pin().Digest}
	q.Targets[0].Resolution, q.Targets[0].Zone = "ambiguous", "Asia/Kolkata"
	q.Offence.Text = personal.NewText(hostile)
	f.cs.Agency.Standing = identity.Verified
	f.verdict = legal.Verdict{Outcome: legal.Undecided, Open: []legal.CheckID{"VC-02", "VC-10", "VC-18"}, Counsel: []legal.CheckID{"VC-18"},
		Results: []legal.CheckResult{
			{Check: "VC-01", Result: legal.Pass, Auto: true, Why: "The facts meet every condition."},
			{Check: "VC-02", Result: legal.Open},
			{Check: "VC-10", Target: "t1", Result: legal.Open},
			{Check: "VC-18", Result: legal.Open, Counsel: true},
		},
		Items: []legal.Item{{Target: "t1", Category: "phone_number", Derived: legal.Produce, Action: legal.Produce}, {Target: "t1", Category: "ip_address", Derived: legal.RefuseIt, Action: legal.RefuseIt, Codes: []legal.RefusalCode{"RR-11"}}}}
	st := newSite(t, func(c *Config) {
		c.Development, c.DevSignIn = true, devFake{}
		c.Extra = nil
		c.Services = Services{Law: law, Cases: f, Review: f, Releases: f, Related: f, Sheets: f}
	})
	for token, actor := range map[string]identity.Actor{
		"tok-counsel":  {Person: "p5", Role: identity.Counsel, Session: "s5"},
		"tok-approver": {Person: "p6", Role: identity.Approver, Session: "s6", Method: identity.ByDevelopment},
		"tok-other":    {Person: "p8", Role: identity.Reviewer, Session: "s8"},
	} {
		st.sessions.actors[token] = actor
	}
	return st, f
}

func (st *site) page(token, path string) string {
	st.t.Helper()
	w := st.do(call{path: path, token: token})
	if w.Code != 200 {
		st.t.Fatalf("%s = %d\n%s", path, w.Code, st.log)
	}
	if m := unknownWord.FindString(w.Body.String()); m != "" {
		st.t.Errorf("%s shows a message without words: %s", path, m)
	}
	return w.Body.String()
}

func (st *site) send(token, path string, form url.Values) *httptest.ResponseRecorder {
	st.t.Helper()
	return st.do(call{method: "POST", path: path, token: token, form: form})
}

const bench = "/review/" + caseID

func TestQueueSaysWhoHoldsWhatAndWhatIsOverdue(t *testing.T) {
	st, f := staffSite(t)
	f.list = []requests.Summary{
		{ID: caseID, Ref: "LR-1", State: requests.InReview, Reviewer: "p8", EffectBy: testDay.Add(-3 * 3600e9), Emergency: true, Process: "IN-94", AgencyName: hostile},
		{ID: otherCase, Ref: "LR-2", State: requests.Submitted, EffectBy: testDay.AddDate(0, 0, 5), Process: "IN-94"},
	}
	body := st.page("tok-reviewer", "/review")
	for _, want := range []string{"Overdue by 3 hours", "5 days left", "Reviewer 2C", "Emergency", "Nobody", `action="/review/` + otherCase + `/claim"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the queue lacks %q", want)
		}
	}
	if strings.Contains(body, `action="/review/`+caseID+`/claim"`) || strings.Contains(body, "<script>") {
		t.Error("a held case can be claimed, or a name was not escaped")
	}
	st.page("tok-reviewer", "/review?show=mine&page=2")
	last := f.filters[len(f.filters)-1]
	if d := cmp.Diff(requests.Filter{States: []requests.State{requests.InReview, requests.NeedsInformation}, Reviewer: "p2", Limit: 26, Skip: 25}, last); d != "" {
		t.Error(d)
	}
	if w := st.do(call{path: "/review?show=everything", token: "tok-reviewer"}); w.Code != 404 {
		t.Errorf("an unknown filter = %d", w.Code)
	}
}

func TestStaffPagesAreNotThereForOthers(t *testing.T) {
	st, f := staffSite(t)
	for _, r := range st.Routes() {
		if !strings.HasPrefix(r.Path, "/review") && !strings.HasPrefix(r.Path, "/releases") {
			continue
		}
		for token, actor := range st.sessions.actors {
			if r.Allows(actor.Role) {
				continue
			}
			path := strings.NewReplacer(":id", caseID, ":page", "1").Replace(r.Path)
			c := call{method: r.Method, path: path, token: token}
			if r.Method == "POST" {
				c.form = formOf("why", "x")
			}
			if w := st.do(c); w.Code != 404 {
				t.Errorf("%s %s as %s = %d", r.Method, r.Path, actor.Role, w.Code)
			}
		}
	}
	if len(f.took) > 0 || f.opened > 0 {
		t.Errorf("steps were taken: %v", f.took)
	}
}

func TestWorkbenchOffersEachTheirChecks(t *testing.T) {
	st, _ := staffSite(t)
	for token, want := range map[string][]string{"tok-reviewer": {"result_VC-02", "result_VC-10_t1"}, "tok-counsel": {"result_VC-18"}, "tok-other": nil} {
		body := st.page(token, bench)
		for _, name := range []string{"result_VC-01", "result_VC-02", "result_VC-10_t1", "result_VC-18"} {
			if has := strings.Contains(body, `name="`+name+`"`); has != slices.Contains(want, name) {
				t.Errorf("%s: field %s there: %v", token, name, has)
			}
		}
		if strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: the offence is not shown, or not escaped", token)
		}
		if !strings.Contains(body, "More than one account") || !strings.Contains(body, bench+"/order/3") {
			t.Errorf("%s: resolution or pages are missing", token)
		}
		if holds := token == "tok-reviewer"; holds != strings.Contains(body, `action="`+bench+`/refuse"`) {
			t.Errorf("%s: may refuse: %v", token, !holds)
		}
	}
}

func TestAnswersAreReadByTheirNames(t *testing.T) {
	st, f := staffSite(t)
	w := st.send("tok-reviewer", bench+"/checks", formOf("result_VC-10_t1", "fail", "note_VC-10_t1", " two holders ", "place_VC-10_t1", "p2", "result_VC-02", ""))
	if w.Code != 303 || w.Header().Get("Location") != bench {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Location"))
	}
	want := fmt.Sprintf("checks %v", []requests.CheckInput{{Check: "VC-02"}, {Check: "VC-10", Target: "t1", Result: "fail", Note: "two holders", Place: "p2"}})
	if d := cmp.Diff([]string{want}, f.took); d != "" {
		t.Error(d)
	}
	w = st.send("tok-reviewer", bench+"/checks", formOf("result_VC-10_t1", "needs_info"))
	if w.Code != 422 || len(f.took) != 1 || !strings.Contains(w.Body.String(), `href="#note_VC-10_t1"`) {
		t.Errorf("an answer without its reason: %d, %d steps", w.Code, len(f.took))
	}
	w = st.send("tok-reviewer", bench+"/checks", formOf("note_VC-02", hostile))
	if body := w.Body.String(); w.Code != 422 || len(f.took) != 1 || !strings.Contains(body, `href="#result_VC-02-0"`) || !strings.Contains(body, "&#34;&gt;&lt;script&gt;") || strings.Contains(body, "<script>") {
		t.Errorf("a reason without an answer: %d, %d steps", w.Code, len(f.took))
	}
}

func TestMistakesStandBesideTheirFieldsAndNothingTypedIsLost(t *testing.T) {
	st, f := staffSite(t)
	for _, tt := range []struct {
		path  string
		form  url.Values
		field string // of the domain
		href  string
		keeps string
	}{
		{"/checks", formOf("result_VC-10_t1", "fail", "note_VC-10_t1", "n"), "check_VC-10_t1_note", "note_VC-10_t1", `value="fail" checked`},
		{"/checks", formOf("result_VC-02", "fail", "note_VC-02", "kept words"), "check_VC-02", "result_VC-02-0", "kept words"},
		{"/decide", formOf("outcome_t1_phone_number", "narrow", "from_t1_phone_number", "kept moment"), "decision_t1_phone_number_from", "from_t1_phone_number", "kept moment"},
		{"/decide", formOf("outcome_t1_ip_address", "refuse", "note_t1_ip_address", "kept words"), "decision_t1_ip_address_reasons", "reasons_t1_ip_address", "kept words"},
		{"/ask", formOf("body", "kept ### words"), "body", "ask-body", "kept ### words"},
		{"/refuse", formOf("codes", "RR-11", "why", "kept words"), "codes", "refuse-codes-0", "kept words"},
		{"/unclaim", formOf("why", "kept words"), "why", "unclaim-why", "kept words"},
	} {
		f.err = fault.Fields([]fault.Problem{{Field: tt.field, Message: "This has to be mended."}})
		w := st.send("tok-reviewer", bench+tt.path, tt.form)
		if body := w.Body.String(); w.Code != 422 || !strings.Contains(body, `<a href="#`+tt.href+`">This has to be mended.`) || !strings.Contains(body, `id="`+strings.TrimSuffix(tt.href, "-0")) || !strings.Contains(body, tt.keeps) {
			t.Errorf("%s %s: %d", tt.path, tt.field, w.Code)
		}
	}
}

// TestWhoCameSecondKeepsTheirWords: the case has moved on while somebody typed.
func TestWhoCameSecondKeepsTheirWords(t *testing.T) {
	st, f := staffSite(t)
	f.cs.Request.State = requests.Refused
	f.err = fault.New(fault.Conflict, "This step is no longer possible.")
	w := st.send("tok-reviewer", bench+"/ask", formOf("body", "long words "+hostile))
	if body := w.Body.String(); w.Code != 409 || !strings.Contains(body, "no longer possible") || !strings.Contains(body, "long words") || strings.Contains(body, "<script>") {
		t.Errorf("%d", w.Code)
	}
	f.err = &change.Used{Outcome: "/requests/" + caseID}
	if w := st.send("tok-reviewer", bench+"/ask", formOf("body", "again")); w.Code != 303 || w.Header().Get("Location") != bench {
		t.Errorf("a form sent twice: %d %s", w.Code, w.Header().Get("Location"))
	}
}

func TestStepsGetWhatWasTyped(t *testing.T) {
	st, f := staffSite(t)
	for _, tt := range []struct{ path, token, want, to string }{
		{"/claim?", "tok-reviewer", "claim", bench},
		{"/unclaim?why=ill", "tok-reviewer", "unclaim ill", "/review"},
		{"/ask?body=which&saved=period", "tok-reviewer", "ask which", bench},
		{"/qualify?rule_t1=PR-05", "tok-reviewer", "qualify [{t1 PR-05}]", bench},
		{"/refuse?codes=RR-11&codes=RR-15&why=so", "tok-reviewer", "refuse [RR-11 RR-15] so", bench},
		{"/decide?outcome_t1_ip_address=narrow&from_t1_ip_address=a&to_t1_ip_address=b&zone_t1_ip_address=UTC&reasons_t1_ip_address=RR-10&reasons_t1_ip_address=&note_t1_ip_address=n", "tok-reviewer", "decide [{t1 ip_address narrow [RR-10] n a b UTC}]", bench + "#grid"},
		{"/reopen?why=new", "tok-counsel", "reopen new", bench},
	} {
		f.took = nil
		path, query, _ := strings.Cut(tt.path, "?")
		form, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		form.Set(keyField, testKey)
		w := st.send(tt.token, bench+path, form)
		if w.Code != 303 || w.Header().Get("Location") != tt.to || !slices.Equal(f.took, []string{tt.want}) {
			t.Errorf("%s: %d to %s, took %q", tt.path, w.Code, w.Header().Get("Location"), f.took)
		}
	}
}

func TestSavedTextIsPutInAndNotSent(t *testing.T) {
	st, f := staffSite(t)
	f.verdict.Missing = []legal.FieldID{"order_number"}
	w := st.send("tok-reviewer", bench+"/ask", formOf("do", "insert", "saved", "missing", "body", "Dear colleague"))
	body := w.Body.String()
	if w.Code != 200 || len(f.took) > 0 || !strings.Contains(body, "Dear colleague\n\nZu Ihrer Anfrage LR-2026-7KQM-4D2X (Anordnung 12 Gs 345/26)") {
		t.Errorf("%d %v", w.Code, f.took)
	}
	law, _ := theLaw()
	if !strings.Contains(body, "- "+law.Field("order_number").Ask) {
		t.Error("what the checks miss is not in the text")
	}
}

func TestQualifyOffersRulesAboutTheSameConduct(t *testing.T) {
	st, f := staffSite(t)
	if body := st.page("tok-reviewer", bench); strings.Contains(body, `name="rule_t1"`) || !strings.Contains(body, "cannot be qualified now") {
		t.Error("an undecided case can be qualified")
	}
	f.verdict.Outcome = legal.Qualified
	body := st.page("tok-reviewer", bench)
	law, _ := theLaw()
	for _, rule := range law.Rules() {
		ok, _ := law.RuleMatchesOffence(rule.ID, "0701")
		if has := strings.Contains(body, `name="rule_t1" value="`+rule.ID+`"`); has != ok {
			t.Errorf("rule %s offered: %v", rule.ID, has)
		}
	}
}

func TestGridOffersOnlyTheSameOrStricter(t *testing.T) {
	for _, tt := range []struct {
		item legal.Item
		want []string
	}{
		{legal.Item{Derived: legal.Produce}, []string{"produce", "narrow", "refuse"}},
		{legal.Item{Derived: legal.Narrow}, []string{"narrow", "refuse"}},
		{legal.Item{Derived: legal.RefuseIt}, []string{"refuse"}},
		{legal.Item{Derived: legal.NotHeld}, []string{"refuse"}},
		{legal.Item{Derived: legal.Hold}, []string{"produce", "narrow", "refuse"}},
	} {
		if d := cmp.Diff(tt.want, choosable(tt.item)); d != "" {
			t.Errorf("%s: %s", tt.item.Derived, d)
		}
	}
	st, f := staffSite(t)
	f.verdict.Items[0].Conflict = true
	if body := st.page("tok-reviewer", bench); strings.Contains(body, `name="outcome_t1_phone_number"`) || !strings.Contains(body, "Counsel decides on this one") {
		t.Error("what counsel decides is offered to the reviewer")
	}
}

func TestOrderIsPixelsAndEachLookIsAsked(t *testing.T) {
	st, f := staffSite(t)
	for range 2 {
		w := st.do(call{path: bench + "/order/2", token: "tok-reviewer"})
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" || w.Body.String() != "pixels of page 2" || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	if f.opened != 2 || f.drawn != 1 {
		t.Errorf("asked %d times, drawn %d times", f.opened, f.drawn)
	}
	for _, bad := range []string{"0", "4", "02", "-1", "x", "99999999999"} {
		if w := st.do(call{path: bench + "/order/" + bad, token: "tok-reviewer"}); w.Code != 404 {
			t.Errorf("page %s = %d", bad, w.Code)
		}
	}
	st.cfg.Services.Sheets = nil
	if body := st.page("tok-reviewer", bench); strings.Contains(body, bench+"/order/1") || !strings.Contains(body, "no program to draw PDF pages") || !strings.Contains(body, "abababab") {
		t.Error("without a renderer the page must say so and give the digest")
	}
	if w := st.do(call{path: bench + "/order/1", token: "tok-reviewer"}); w.Code != 404 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d: the file itself was sent", w.Code)
	}
}

func TestDrawnPagesAreBounded(t *testing.T) {
	var s sheetCache
	for n := range 3 * keptSheets {
		s.put(sheetKey{"x", n}, []byte{1})
		s.put(sheetKey{"x", n}, []byte{2})
	}
	if len(s.pages) != keptSheets || len(s.order) != keptSheets {
		t.Errorf("kept %d pages, %d names", len(s.pages), len(s.order))
	}
	if _, ok := s.get(sheetKey{"x", 0}); ok {
		t.Error("the oldest page is still there")
	}
}

func withRelease(f *staffFake, rows int) {
	f.frozen = true
	f.cs.Request.State = requests.Confirmed
	f.cs.Release = &requests.Release{ID: "r1", Ref: "EXP-2026-1", State: requests.Prepared, Digest: strings.Repeat("cd", 32), Officer: "p1", Reviewer: "p2", Phones: 1, Addresses: rows - 1,
		Items: []requests.Item{{ID: "i1", Target: "t-1", Category: requests.IPAddress, Rule: "PR-05", RuleVer: 1, Confirmers: [2]identity.PersonID{"p10", "p9"}, From: testDay.AddDate(0, 0, -3), To: testDay}}}
	f.rows = []requests.Record{{Ordinal: 1, Item: "i1", Phone: &records.PhoneRow{RecordID: "ph-1", Account: 7, Phone: personal.NewPhone("+447700900123"), Verification: records.Verified}}}
	for n := 2; n <= rows; n++ {
		f.rows = append(f.rows, requests.Record{Ordinal: n, Item: "i1", IP: &records.IPRow{RecordID: fmt.Sprintf("ev-%d", n), Account: 7, Event: records.Login, At: testDay, Address: personal.NewAddr(netip.MustParseAddr("2001:db8::1")), SourcePort: 443, SessionID: hostile}})
	}
}

func TestApproverSeesEveryRowAndTheDigest(t *testing.T) {
	st, f := staffSite(t)
	withRelease(f, 250)
	seen := map[string]bool{}
	for page, rows := range map[string]int{"": 100, "?page=2": 100, "?page=3": 50} {
		body := st.page("tok-approver", "/releases/"+caseID+page)
		n := 0
		for i := 1; i <= 250; i++ {
			if id := fmt.Sprintf(">ev-%d<", i); strings.Contains(body, id) || i == 1 && strings.Contains(body, "ph-1") {
				seen[id], n = true, n+1
			}
		}
		if n != rows || strings.Contains(body, "<script>") {
			t.Errorf("page %q shows %d rows, want %d, or does not escape", page, n, rows)
		}
		for _, want := range []string{`name="digest" value="` + f.cs.Release.Digest + `"`, "One phone number and 249 IP records", "Reviewer 7F", "Confirmer 4B", "Confirmer 9E", "[2001:db8::1]:443"} {
			if !strings.Contains(body, want) {
				t.Errorf("page %q lacks %s", page, want)
			}
		}
	}
	if len(seen) != 250 {
		t.Errorf("%d of 250 rows are shown", len(seen))
	}
	if w := st.do(call{path: "/releases/" + caseID + "?page=4", token: "tok-approver"}); w.Code != 404 {
		t.Errorf("a page beyond the end = %d", w.Code)
	}
}

func TestWhoHadAnotherPartCannotApprove(t *testing.T) {
	for _, change := range []func(*requests.Release){
		func(r *requests.Release) { r.Reviewer = "p6" },
		func(r *requests.Release) { r.Officer = "p6" },
		func(r *requests.Release) { r.Items[0].Confirmers[1] = "p6" },
	} {
		st, f := staffSite(t)
		withRelease(f, 2)
		change(f.cs.Release)
		body := st.page("tok-approver", "/releases/"+caseID)
		if strings.Contains(body, `/approve"`) || !strings.Contains(body, "somebody else has to approve") || !strings.Contains(body, `/return"`) {
			t.Errorf("%+v can approve, or is not told why not", f.cs.Release)
		}
	}
}

// TestAnApprovalAsksForThePasskey: whoever holds an approver's session alone gets
// no further than the page.
func TestAnApprovalAsksForThePasskey(t *testing.T) {
	st, f := staffSite(t)
	withRelease(f, 2)
	a := st.sessions.actors["tok-approver"]
	for _, method := range []identity.Method{identity.ByPasskey, identity.ByProvider} {
		a.Method = method
		st.sessions.actors["tok-approver"] = a
		if w := st.send("tok-approver", "/releases/"+caseID+"/approve", formOf("digest", f.cs.Release.Digest)); w.Code != 401 || len(f.took) != 0 {
			t.Errorf("a session by %s without a step-up: %d %v", method, w.Code, f.took)
		}
	}
}

func TestApproveAndReturn(t *testing.T) {
	st, f := staffSite(t)
	withRelease(f, 2)
	at := "/releases/" + caseID
	if w := st.send("tok-approver", at+"/approve", formOf("digest", "what I saw")); w.Code != 303 || w.Header().Get("Location") != at || !slices.Equal(f.took, []string{"approve what I saw"}) {
		t.Errorf("%d %v", w.Code, f.took)
	}
	if w := st.send("tok-approver", at+"/return", formOf("why", "too wide")); w.Code != 303 || w.Header().Get("Location") != "/releases" {
		t.Errorf("%d %v", w.Code, f.took)
	}
	f.err = fault.New(fault.Conflict, "What you saw is not what would leave now.")
	w := st.send("tok-approver", at+"/approve", formOf("digest", "old"))
	if body := w.Body.String(); w.Code != 409 || !strings.Contains(body, "What you saw is not") || !strings.Contains(body, `name="digest" value="`+f.cs.Release.Digest+`"`) || strings.Contains(body, `value="old"`) {
		t.Errorf("%d: the page must show what is frozen now", w.Code)
	}
	f.frozen = false
	if body := st.page("tok-approver", at); !strings.Contains(body, "being read and frozen") {
		t.Error("a confirmed case without records must say so")
	}
	f.cs.Request.State = requests.InReview
	if w := st.do(call{path: at, token: "tok-approver"}); w.Code != 404 {
		t.Errorf("no release = %d", w.Code)
	}
}
