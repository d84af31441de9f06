package httprecords

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/records/httprecords/reference"
	"lerd/internal/testkit/mtls"
)

// teller is an engine that answers one question with lines of a test's own, and
// the others as it should.
type teller struct {
	http.Handler
	path, lines string
}

func (e *teller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != e.path {
		e.Handler.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	io.WriteString(w, e.lines) //nolint:errcheck // the client sees it
}

func newTeller(t *testing.T, canaries ...string) (*teller, records.Source) {
	t.Helper()
	c := mtls.New(t)
	e := &teller{Handler: (&reference.Server{Source: engine{}, Snapshot: "s"}).Handler()}
	s, err := Open(t.Context(), configOf(c, c.Serve(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return e, records.Guard(s, canaries...)
}

const (
	begins     = `{"begin":{"snapshot":"s"}}` + "\n"
	oneEnds    = `{"end":{"rows":1}}` + "\n"
	sessionRow = `{"row":{"source_record_id":"ev:1","account_id":7,"event_type":"login","event_time":"2026-03-02T00:00:00Z","ip_address":"192.0.2.1","source_port":1,` +
		`"destination_ip":null,"destination_port":null,"transport":"tcp","session_id":null,"session_type":null,"first_seen":null,"last_seen":null,"session_end":null,"is_shared":null},"cursor":"c"}` + "\n"
	phoneRow   = `{"row":{"source_record_id":"p:1","account_id":7,"phone_e164":"+447700900123","verification_status":"verified","verified_at":null,"valid_from":"2026-03-02T00:00:00Z","valid_to":null}}` + "\n"
	systemRow  = `{"row":{"system_name":"engine","system_version":"7","clock_source":"NTP","max_clock_error_ms":5,"precision_us":1000,"now":"2026-03-01T00:00:00Z"}}` + "\n"
	summaryRow = `{"row":{"account_id":7,"username":"nightferry","created_at":"2026-03-01T00:00:00Z","rule_status":"banned"}}` + "\n"
	holdingRow = `{"row":{"account_id":7,"value":"+447700900123","valid_from":"2026-02-01T00:00:00Z","valid_to":null}}` + "\n"
)

// edge is one change of a right answer, and the rule by which it is stopped; none
// where it is right.
type edge struct{ name, old, with, rule string }

const (
	badTime   = "time not in UTC microseconds"
	badType   = "member of another type"
	notObject = "line that is not a JSON object"
	outside   = "row outside the period"
	badAddr   = "impossible address"
	badNumber = "number not in E.164 form"
)

var sessionEdges = []edge{
	{"first microsecond", "2026-03-02T00:00:00Z", "2026-03-01T00:00:00.000000Z", ""},
	{"microsecond before", "2026-03-02T00:00:00Z", "2026-02-28T23:59:59.999999Z", outside},
	{"last microsecond", "2026-03-02T00:00:00Z", "2026-03-31T23:59:59.999999Z", ""},
	{"end itself", "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z", outside},
	{"between two microseconds at the end", "2026-03-02T00:00:00Z", "2026-03-31T23:59:59.9999999Z", badTime},
	{"leap second", "2026-03-02T00:00:00Z", "2026-03-30T23:59:60Z", badTime},
	{"no zone", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00", badTime},
	{"another zone, rightly said", "2026-03-02T00:00:00Z", "2026-03-02T01:00:00+01:00", badTime},
	{"zone zero by number", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00+00:00", badTime},
	{"zone that is not known", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00-00:00", badTime},
	{"year 0", "2026-03-02T00:00:00Z", "0000-01-01T00:00:00Z", badTime},
	{"first moment of the calendar", "2026-03-02T00:00:00Z", "0001-01-01T00:00:00Z", badTime},
	{"year 9999", "2026-03-02T00:00:00Z", "9999-12-31T23:59:59.999999Z", outside},
	{"year 10000", "2026-03-02T00:00:00Z", "10000-01-01T00:00:00Z", badTime},
	{"hour 24", "2026-03-02T00:00:00Z", "2026-03-02T24:00:00Z", badTime},
	{"30 February", "2026-03-02T00:00:00Z", "2026-02-30T00:00:00Z", badTime},
	{"comma", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00,5Z", badTime},
	{"one digit", "2026-03-02T00:00:00Z", "2026-3-2T0:00:00Z", badTime},
	{"space for T", "2026-03-02T00:00:00Z", "2026-03-02 00:00:00Z", badTime},
	{"lower case", "2026-03-02T00:00:00Z", "2026-03-02t00:00:00z", badTime},
	{"seconds since 1970", `"2026-03-02T00:00:00Z"`, `1772409600`, badTime},
	{"no time", `"2026-03-02T00:00:00Z"`, `null`, badTime},
	{"last seen never", `"last_seen":null`, `"last_seen":"0001-01-01T00:00:00Z"`, badTime},
	{"session that ends with the period", `"session_end":null`, `"session_end":"2026-04-01T00:00:00Z"`, "time outside the period"},
	{"IPv4 in IPv6", "192.0.2.1", "::ffff:192.0.2.1", badAddr},
	{"IPv4 in IPv6, in hexadecimal", "192.0.2.1", "::ffff:c000:201", badAddr},
	{"loopback in IPv6", "192.0.2.1", "::ffff:127.0.0.1", badAddr},
	{"destination IPv4 in IPv6", `"destination_ip":null`, `"destination_ip":"::ffff:192.0.2.1"`, "impossible destination"},
	{"zone of an interface", "192.0.2.1", "fe80::1%eth0", badAddr},
	{"zone of an interface, global", "192.0.2.1", "2001:db8::1%1", badAddr},
	{"leading zeros", "192.0.2.1", "192.000.002.001", badAddr},
	{"long form", "192.0.2.1", "2001:0db8:0:0:0:0:0:1", badAddr},
	{"brackets", "192.0.2.1", "[2001:db8::1]", badAddr},
	{"with its port", "192.0.2.1", "192.0.2.1:443", badAddr},
	{"network", "192.0.2.1", "192.0.2.0/24", badAddr},
	{"three parts", "192.0.2.1", "192.0.513", badAddr},
	{"as a number", `"192.0.2.1"`, `3221225985`, badType},
	{"digits that only look like", "192.0.2.1", "192.0.2.１", badAddr},
	{"no address", `"192.0.2.1"`, `null`, badAddr},
	{"port 65535", `"source_port":1`, `"source_port":65535`, ""},
	{"port 65536", `"source_port":1`, `"source_port":65536`, badType},
	{"port 0", `"source_port":1`, `"source_port":0`, "port 0"},
	{"port -1", `"source_port":1`, `"source_port":-1`, badType},
	{"port as text with a space", `"source_port":1`, `"source_port":"443 "`, badType},
	{"port with a point", `"source_port":1`, `"source_port":443.0`, badType},
	{"port with an exponent", `"source_port":1`, `"source_port":1e3`, badType},
	{"port with a leading zero", `"source_port":1`, `"source_port":0443`, notObject},
	{"port that is no number", `"source_port":1`, `"source_port":NaN`, notObject},
	{"account over 64 bits", `"account_id":7`, `"account_id":18446744073709551623`, badType},
	{"account with a point", `"account_id":7`, `"account_id":7.0`, badType},
	{"account as text", `"account_id":7`, `"account_id":"7"`, badType},
	{"no account", `"account_id":7`, `"account_id":null`, badType},
	{"negative account", `"account_id":7`, `"account_id":-7`, "row of another account"},
	{"no record id", `"ev:1"`, `null`, badType},
	{"empty record id", `"ev:1"`, `""`, "ill-formed record id"},
	{"record id that is a formula", `"ev:1"`, `"=1+1"`, "ill-formed record id"},
	{"record id with NUL", `"ev:1"`, `"ev:1\u0000"`, "ill-formed record id"},
	{"record id with half a character", `"ev:1"`, `"ev:\ud800"`, "ill-formed record id"},
	{"empty session id", `"session_id":null`, `"session_id":""`, ""}, // said as "not recorded"
	{"session id with a line break", `"session_id":null`, `"session_id":"a\n+447700900123"`, "ill-formed session id"},
	{"shared as text", `"is_shared":null`, `"is_shared":"no"`, badType},
	{"nested canary", `"is_shared":null`, `"is_shared":{"message_text":"canary-31"}`, badType},
	{"nested canary in an unknown member", `"is_shared":null`, `"is_shared":null,"meta":{"a":[{"b":"canary-31"}]}`, "unknown member"},
	{"canary beside the row", `"cursor":"c"`, `"cursor":"c","meta":{"a":"canary-31"}`, "unknown member of a line"},
	{"name in other characters", `"is_shared"`, `"is_ſhared"`, "unknown member"},
	{"name twice, once escaped", `"account_id":7`, `"account_id":7,"\u0061ccount_id":8`, "member that comes twice"},
	{"byte order mark", `{"row"`, "\ufeff" + `{"row"`, notObject},
	{"NUL", `"ev:1"`, "\"ev:1\x00\"", notObject},
	{"NUL behind", `"c"}`, "\"c\"}\x00", "something behind a JSON object"},
	{"not UTF-8", `"cursor":"c"`, "\"cursor\":\"\xff\"", "line that is not UTF-8"},
	{"UTF-16", `{"row"`, "{\x00\"\x00r\x00o\x00w\x00", notObject},
	{"no cursor", `"cursor":"c"`, `"cursor":null`, "ill-formed cursor"},
	{"cursor over 1 KiB", `"cursor":"c"`, `"cursor":"` + strings.Repeat("c", 1025) + `"`, "ill-formed cursor"},
	{"comment", `{"row"`, `/**/{"row"`, notObject},
}

var phoneEdges = []edge{
	{"right", "", "", ""},
	{"shortest", "+447700900123", "+12", ""},
	{"no plus", "+447700900123", "447700900123", badNumber},
	{"international prefix", "+447700900123", "00447700900123", badNumber},
	{"national", "+447700900123", "07700900123", badNumber},
	{"spaces", "+447700900123", "+44 7700 900123", badNumber},
	{"trunk zero in brackets", "+447700900123", "+44(0)7700900123", badNumber},
	{"16 digits", "+447700900123", "+4477009001234567", badNumber},
	{"country 0", "+447700900123", "+0447700900123", badNumber},
	{"Arabic digits", "+447700900123", "+٤٤٧٧٠٠٩٠٠١٢٣", badNumber},
	{"line break behind", "+447700900123", `+447700900123\n`, badNumber},
	{"URI", "+447700900123", "tel:+447700900123", badNumber},
	{"extension", "+447700900123", "+447700900123;ext=1", badNumber},
	{"two numbers", "+447700900123", "+447700900123,+447700900124", badNumber},
	{"as a number", `"+447700900123"`, "447700900123", badType},
	{"none", `"+447700900123"`, "null", badType},
	{"another account's", `"account_id":7`, `"account_id":8`, "row of another account"},
	{"ends when the period begins", `"2026-03-02T00:00:00Z","valid_to":null`, `"2026-02-02T00:00:00Z","valid_to":"2026-03-01T00:00:00Z"`, outside},
	{"ends a microsecond later", `"2026-03-02T00:00:00Z","valid_to":null`, `"2026-02-02T00:00:00Z","valid_to":"2026-03-01T00:00:00.000001Z"`, ""},
	{"begins when the period ends", "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z", outside},
	{"begins a microsecond before", "2026-03-02T00:00:00Z", "2026-03-31T23:59:59.999999Z", ""},
	{"ended at the first moment of the calendar", `"valid_to":null`, `"valid_to":"0001-01-01T00:00:00Z"`, badTime},
	{"ends before it begins", `"valid_to":null`, `"valid_to":"2026-03-01T12:00:00Z"`, "validity that ends before it begins"},
	{"verified outside", `"verified_at":null`, `"verified_at":"2025-03-01T12:00:00Z"`, "time outside the period"},
	{"verified perhaps", `"verified"`, `"maybe"`, "unknown verification status"},
	{"verification not said", `"verification_status":"verified"`, `"verification_status":null`, badType},
	{"e-mail beside", `"valid_to":null`, `"valid_to":null,"email":"x@example.org"`, "unknown member"},
	{"same row again", phoneRow + oneEnds, phoneRow + phoneRow + `{"end":{"rows":2}}` + "\n", "record id twice"},
	{"row behind the end", oneEnds, oneEnds + phoneRow, "something behind the end"},
	{"end twice", oneEnds, oneEnds + oneEnds, "something behind the end"},
	{"end without a number", oneEnds, `{"end":{"rows":null}}` + "\n", "answer that does not end as documented"},
	{"snapshot without a name", `"snapshot":"s"`, `"snapshot":""`, "answer that does not begin as documented"},
	{"snapshot that is null", `"snapshot":"s"`, `"snapshot":null`, "answer that does not begin as documented"},
}

var systemEdges = []edge{
	{"right", "", "", ""},
	{"clock error not known", `"max_clock_error_ms":5`, `"max_clock_error_ms":null`, badType},
	{"clock error below 0", `"max_clock_error_ms":5`, `"max_clock_error_ms":-5`, "clock error below 0 or precision below a microsecond"},
	{"precision not known", `"precision_us":1000`, `"precision_us":null`, badType},
	{"clock in another zone", "2026-03-01T00:00:00Z", "2026-03-01T05:30:00+05:30", badTime},
	{"NUL in the name", `"engine"`, `"eng\u0000ine"`, "text of the system with what cannot be printed"},
	{"line break in the name", `"engine"`, `"engine\nApproved by: nobody"`, "text of the system with what cannot be printed"},
	{"writing turned round", `"engine"`, `"eng\u202eine"`, "text of the system with what cannot be printed"},
	{"half a character", `"engine"`, `"eng\udc00ine"`, ""}, // read as U+FFFD, which is visible
	{"canary within a text", `"NTP"`, `"NTP, see canary-31"`, "canary value"},
	{"number within a text is no canary", `"NTP"`, `"NTP 4"`, ""},
	{"two systems", systemRow + oneEnds, systemRow + systemRow + `{"end":{"rows":2}}` + "\n", "answer with more than its one row"},
	{"no system", systemRow + oneEnds, `{"end":{"rows":0}}` + "\n", "answer without a row"},
}

var summaryEdges = []edge{
	{"right", "", "", ""},
	{"no username", `"nightferry"`, `null`, ""},
	{"capitals", `"nightferry"`, `"Nightferry"`, "ill-formed username"},
	{"address for a name", `"nightferry"`, `"x@example.org"`, "ill-formed username"},
	{"another account", `"account_id":7`, `"account_id":8`, "summary of another account"},
	{"made at the first moment of the calendar", "2026-03-01T00:00:00Z", "0001-01-01T00:00:00Z", badTime},
	{"made before 1970", "2026-03-01T00:00:00Z", "1969-12-31T23:59:59Z", badTime},
	{"contacts beside", `"rule_status"`, `"contacts":[{"phone":"canary-31"}],"rule_status"`, "unknown member"},
	{"status not said", `"banned"`, `null`, badType},
}

var holdingEdges = []edge{
	{"right", "", "", ""},
	{"number of another form", `"+447700900123"`, `"447700900123"`, "holding of another identifier"},
	{"nearest number", `"+447700900123"`, `"+447700900124"`, "holding of another identifier"},
	{"held no more", `"valid_to":null`, `"valid_to":"2026-03-01T00:00:00Z"`, "holding outside the period"},
	{"held until the first moment of the calendar", `"valid_to":null`, `"valid_to":"0001-01-01T00:00:00Z"`, badTime},
	{"account 0", `"account_id":7`, `"account_id":0`, "account id below 1"},
	{"holder not said", `"account_id":7`, `"account_id":null`, badType},
}

// TestEdgesOfEachAnswer bends each answer of an engine in one place and sees that
// exactly what is documented passes, through the connection and the guard.
func TestEdgesOfEachAnswer(t *testing.T) {
	e, s := newTeller(t, "canary-31")
	ctx := t.Context()
	for op, q := range map[string]struct {
		row   string
		edges []edge
		ask   func() error
	}{
		"sessions": {sessionRow, sessionEdges, func() error { _, err := drainRows(s); return err }},
		"phones":   {phoneRow, phoneEdges, func() error { _, err := s.Phones(ctx, 7, period); return err }},
		"system":   {systemRow, systemEdges, func() error { _, err := s.System(ctx); return err }},
		"summary":  {summaryRow, summaryEdges, func() error { _, err := s.Summary(ctx, 7); return err }},
		"resolve": {holdingRow, holdingEdges, func() error {
			_, err := s.Resolve(ctx, records.PhoneIn(personal.NewPhone("+447700900123"), period))
			return err
		}},
	} {
		for _, c := range q.edges {
			answer := begins + q.row + oneEnds
			if !strings.Contains(answer, c.old) {
				t.Fatalf("%s, %s: %q is not in the answer", op, c.name, c.old)
			}
			e.path, e.lines = "/v1/"+op, strings.Replace(answer, c.old, c.with, 1)
			err := q.ask()
			b, breach := records.AsBreach(err)
			if c.rule == "" && err != nil || c.rule != "" && (!breach || b.Rule != c.rule || b.Op != op) {
				t.Errorf("%s, %s: %v; want %q", op, c.name, err, c.rule)
			}
			if err != nil && (strings.Contains(err.Error(), "canary-31") || strings.Contains(err.Error(), "7700900")) {
				t.Errorf("%s, %s: data in %q", op, c.name, err)
			}
		}
	}
}

// TestADayOfAnotherLength asks for the days on which clocks change in Berlin, of 23
// and of 25 hours: an event an hour off is outside of the one and inside of the
// other, to the microsecond.
func TestADayOfAnotherLength(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	e, s := newTeller(t)
	for day, c := range map[[2]int]struct{ first, last, after string }{
		{3, 29}:  {"2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999999Z", "2026-03-29T22:30:00Z"},
		{10, 25}: {"2026-10-24T22:00:00Z", "2026-10-25T22:59:59.999999Z", "2026-10-25T23:30:00Z"},
	} {
		midnight := time.Date(2026, time.Month(day[0]), day[1], 0, 0, 0, 0, berlin)
		p, err := records.NewPeriod(midnight, midnight.AddDate(0, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []struct {
			time string
			rule string
		}{{c.first, ""}, {c.last, ""}, {c.after, outside}, {p.From.Add(-time.Microsecond).Format(time.RFC3339Nano), outside}, {p.To.Format(time.RFC3339Nano), outside}} {
			e.path, e.lines = "/v1/sessions", eventAt(at.time)
			var last error
			for _, err := range s.Sessions(t.Context(), 7, p) {
				last = err
			}
			b, breach := records.AsBreach(last)
			if at.rule == "" && last != nil || at.rule != "" && (!breach || b.Rule != at.rule) {
				t.Errorf("%v, %s: %v; want %q", day, at.time, last, at.rule)
			}
		}
	}
}

// eventAt is an answer with one event at that time.
func eventAt(at string) string {
	return begins + strings.Replace(sessionRow, "2026-03-02T00:00:00Z", at, 1) + oneEnds
}
