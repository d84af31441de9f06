package pgrecords_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
	"lerd/internal/records"
	"lerd/internal/records/pgrecords"
	"lerd/internal/records/sample"
	"lerd/internal/testkit"
)

var now = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

const password = testkit.RecordsPassword

type lab struct {
	owner *pgx.Conn
	url   string
}

func newLab(t *testing.T) lab {
	t.Helper()
	db := testkit.EmptyPostgres(t)
	o := sample.Options{Accounts: 20, Sessions: 400, Seed: 1, Now: now, Password: password}
	if _, err := sample.Fill(t.Context(), db.Superuser, o); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), db.Superuser)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	u, err := sample.URL(db.Superuser, password)
	if err != nil {
		t.Fatal(err)
	}
	return lab{owner: conn, url: u}
}

func (l lab) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := l.owner.Exec(t.Context(), sql); err != nil {
		t.Fatal(sql, err)
	}
}

func (l lab) open(t *testing.T) (*pgrecords.Source, error) {
	t.Helper()
	s, err := pgrecords.Open(t.Context(), pgrecords.Config{URL: l.url, FetchRows: 5})
	if err == nil {
		t.Cleanup(s.Close)
	}
	return s, err
}

// changes are what lerd must not start with; each is undone afterwards.
var changes = map[string]struct{ change, undo, says string }{
	"view gone":      {`ALTER VIEW lerd_source RENAME TO other`, `ALTER VIEW other RENAME TO lerd_source`, "lerd_source: there is no such view"},
	"column renamed": {`ALTER VIEW lerd_phone_history RENAME phone_e164 TO phone`, `ALTER VIEW lerd_phone_history RENAME phone TO phone_e164`, "lerd_phone_history.phone_e164: missing"},
	"may write":      {`GRANT INSERT ON sample.account TO lerd_records`, `REVOKE INSERT ON sample.account FROM lerd_records`, "beyond the five"},
	"may read more":  {`GRANT SELECT (phone) ON sample.phone TO lerd_records`, `REVOKE SELECT (phone) ON sample.phone FROM lerd_records`, "beyond the five"},
	"may create":     {`GRANT CREATE ON SCHEMA public TO lerd_records`, `REVOKE CREATE ON SCHEMA public FROM lerd_records`, "can create objects"},
	"may not read":   {`REVOKE SELECT ON lerd_source FROM lerd_records`, `GRANT SELECT ON lerd_source TO lerd_records`, "cannot read 1"},
	"other type": {
		`ALTER VIEW lerd_source RENAME TO before; CREATE VIEW lerd_source AS SELECT system_name, system_version, clock_source, max_clock_error_ms::bigint, precision_us FROM before; GRANT SELECT ON lerd_source TO lerd_records`,
		`DROP VIEW lerd_source; ALTER VIEW before RENAME TO lerd_source`, "max_clock_error_ms: is bigint, must be integer",
	},
	"extra column": {
		`ALTER VIEW lerd_source RENAME TO before; CREATE VIEW lerd_source AS SELECT *, 'x@example.org'::text AS email FROM before; GRANT SELECT ON lerd_source TO lerd_records`,
		`DROP VIEW lerd_source; ALTER VIEW before RENAME TO lerd_source`, "lerd_source.email: not a documented column",
	},
}

func TestOpenRefuses(t *testing.T) {
	l := newLab(t)
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			l.exec(t, c.change)
			_, err := l.open(t)
			l.exec(t, c.undo)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	if _, err := l.open(t); err != nil {
		t.Error("unchanged again:", err)
	}
}

func TestOpenRefusesSuperuser(t *testing.T) {
	l := newLab(t)
	u, _ := url.Parse(l.url)
	u.User = url.UserPassword(l.owner.Config().User, l.owner.Config().Password)
	_, err := pgrecords.Open(t.Context(), pgrecords.Config{URL: u.String()})
	if err == nil || !strings.Contains(err.Error(), "more than plain rights") {
		t.Errorf("a superuser was taken: %v", err)
	}
}

// A column that appears after the start is found before the next answer.
func TestViewsAreCheckedAgain(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t)
	if err != nil {
		t.Fatal(err)
	}
	l.exec(t, `ALTER VIEW lerd_source RENAME clock_source TO clock`)
	if _, err := s.System(t.Context()); err == nil {
		t.Fatal("answered from a changed view")
	} else if _, ok := records.AsBreach(err); !ok {
		t.Errorf("not a breach: %v", err)
	}
}

func TestRoleCannotWrite(t *testing.T) {
	l := newLab(t)
	conn, err := pgx.Connect(t.Context(), l.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range []string{
		`UPDATE lerd_accounts SET username = 'x'`, `SELECT * FROM sample.account`, `CREATE TABLE public.x ()`,
		`SET default_transaction_read_only = off; INSERT INTO sample.account VALUES (1, 'x', now(), 0)`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("the reading role could: %s", sql)
		}
	}
}

func TestSummaryAndSystem(t *testing.T) {
	s, err := newLab(t).open(t)
	if err != nil {
		t.Fatal(err)
	}
	src := records.Guard(s)
	sum, err := src.Summary(t.Context(), sample.SuspectByPhone)
	if err != nil || sum.Status != records.Restricted || sum.Username.Reveal() != sample.SuspectUsername {
		t.Errorf("%+v, %v", sum, err)
	}
	if _, err := src.Summary(t.Context(), 5); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such account: %v", err)
	}
	sys, err := src.System(t.Context())
	if err != nil || sys.MaxClockError != 50*time.Millisecond || time.Since(sys.Now).Abs() > time.Hour {
		t.Errorf("%+v, %v", sys, err)
	}
}

// Sessions: the borders of the period are exact, and what lies outside it in
// a row is withheld.
func TestSessionsBorders(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t)
	if err != nil {
		t.Fatal(err)
	}
	src := records.Guard(s)
	all := collect(t, src, records.Period{From: now.AddDate(-3, 0, 0), To: now})
	if len(all) != 240 {
		t.Fatalf("%d rows", len(all))
	}
	mid := all[40]
	end := mid.At
	for _, row := range all[60:] { // a period that ends where a session in it ends
		if row.SessionEnd.After(row.At) {
			end = row.SessionEnd
			break
		}
	}
	part := collect(t, src, records.Period{From: mid.At, To: end})
	if len(part) < 20 || part[0].RecordID != mid.RecordID {
		t.Errorf("the first moment is not in the period: %d rows", len(part))
	}
	withheld := 0
	for i, row := range part {
		if !row.At.Before(end) {
			t.Errorf("row at the end of the half-open period")
		}
		if !all[40+i].SessionEnd.IsZero() && row.SessionEnd.IsZero() {
			withheld++
		}
	}
	if withheld == 0 {
		t.Errorf("no session end outside the period was withheld")
	}
	if n := len(collect(t, src, records.At(mid.At.Add(-time.Microsecond)))); n != 0 {
		t.Errorf("%d rows a microsecond before", n)
	}
}

func collect(t *testing.T, src records.Source, p records.Period) (out []records.IPRow) {
	t.Helper()
	for row, err := range src.Sessions(t.Context(), sample.SuspectByPhone, p) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func TestSessionsStopEarlyAndCancel(t *testing.T) {
	s, err := newLab(t).open(t)
	if err != nil {
		t.Fatal(err)
	}
	all := records.Period{From: now.AddDate(-3, 0, 0), To: now}
	for range s.Sessions(t.Context(), sample.SuspectByPhone, all) {
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range s.Sessions(ctx, sample.SuspectByPhone, all) {
		if n++; n == 3 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) && fault.KindOf(last) != fault.Unavailable {
		t.Errorf("after cancelling: %v", last)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("the pool does not answer after a broken-off answer: %v", err)
	}
}

func TestBadValuesAreBreaches(t *testing.T) {
	l := newLab(t)
	s, err := l.open(t)
	if err != nil {
		t.Fatal(err)
	}
	src := records.Guard(s)
	all := records.Period{From: now.AddDate(-3, 0, 0), To: now}
	for _, c := range []struct{ change, undo string }{
		{`UPDATE sample.ip_event SET source_port = 0 WHERE event_id = 9`, `UPDATE sample.ip_event SET source_port = 5 WHERE event_id = 9`},
		{`UPDATE sample.ip_event SET source_port = 70000 WHERE event_id = 9`, `UPDATE sample.ip_event SET source_port = 5 WHERE event_id = 9`},
		{`UPDATE sample.ip_event SET address = '198.18.0.0/15' WHERE event_id = 9`, `UPDATE sample.ip_event SET address = '198.18.0.1' WHERE event_id = 9`},
		{`UPDATE sample.ip_event SET address = '127.0.0.1' WHERE event_id = 9`, `UPDATE sample.ip_event SET address = '198.18.0.1' WHERE event_id = 9`},
		{`UPDATE sample.ip_event SET kind = 'z' WHERE event_id = 9`, `UPDATE sample.ip_event SET kind = 'i' WHERE event_id = 9`},
		{`INSERT INTO sample.ip_event SELECT event_id, account_id, at + interval '1 hour', address, source_port, session_id, session_end, kind, client, pop FROM sample.ip_event WHERE event_id = 9`,
			`SELECT 1`},
	} {
		l.exec(t, c.change)
		var last error
		for _, err := range src.Sessions(t.Context(), sample.SuspectByPhone, all) {
			last = err
		}
		if _, ok := records.AsBreach(last); !ok {
			t.Errorf("%s: %v", c.change, last)
		}
		l.exec(t, c.undo)
	}
}

func TestOpenUnreachable(t *testing.T) {
	_, err := pgrecords.Open(t.Context(), pgrecords.Config{URL: "postgres://lerd_records:hush@127.0.0.1:1/none?connect_timeout=2"})
	if fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
	_, err = pgrecords.Open(t.Context(), pgrecords.Config{URL: "postgres://u:hush@[::1/none"})
	if fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "hush") {
		t.Errorf("%v", err)
	}
}
