package sample_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nyaruka/phonenumbers"

	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/records/pgrecords"
	"lerd/internal/records/sample"
	"lerd/internal/testkit"
)

var now = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

const password = testkit.RecordsPassword

func fill(t *testing.T, o sample.Options) (string, sample.Report) {
	t.Helper()
	db := testkit.EmptyPostgres(t)
	rep, err := sample.Fill(t.Context(), db.Superuser, o)
	if err != nil {
		t.Fatal(err)
	}
	return db.Superuser, rep
}

func open(t *testing.T, owner string) records.Source {
	t.Helper()
	url, err := sample.URL(owner, password)
	if err != nil {
		t.Fatal(err)
	}
	src, err := pgrecords.Open(t.Context(), pgrecords.Config{URL: url, FetchRows: 7})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(src.Close)
	return records.Guard(src)
}

func small() sample.Options {
	return sample.Options{Accounts: 400, Sessions: 9_001, Seed: 7, Now: now, Password: password}
}

func TestFillIsDeterministic(t *testing.T) {
	owner, first := fill(t, small())
	_, second := fill(t, small())
	if first.Digest != second.Digest {
		t.Error("the same options made other rows")
	}
	o := small()
	o.Seed++
	if _, other := fill(t, o); other.Digest == first.Digest {
		t.Error("another seed made the same rows")
	}
	again, err := sample.Fill(t.Context(), owner, small())
	if err != nil || !again.Already || again.Digest != first.Digest {
		t.Errorf("filling again: %+v, %v", again, err)
	}
	if more, err := sample.Fill(t.Context(), owner, o); err != nil || more.Already || more.Digest == first.Digest {
		t.Errorf("filling with another seed: %+v, %v", more, err)
	}
}

func TestFillFigures(t *testing.T) {
	owner, rep := fill(t, small())
	conn, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for q, want := range map[string]int64{
		`SELECT count(*) FROM lerd_accounts`:                            rep.Accounts,
		`SELECT count(*) FROM lerd_ip_sessions`:                         rep.Sessions,
		`SELECT count(DISTINCT source_record_id) FROM lerd_ip_sessions`: rep.Sessions,
		`SELECT count(DISTINCT source_record_id) FROM lerd_phone_history`: rep.Accounts +
			count(t, conn, `SELECT count(*) FROM (SELECT account_id FROM lerd_phone_history GROUP BY 1 HAVING count(*) = 2) x`),
		// No two holders of a number or a username at one moment.
		`SELECT count(*) FROM lerd_phone_history a JOIN lerd_phone_history b USING (phone_e164) WHERE a.account_id < b.account_id
		 AND tstzrange(a.valid_from, a.valid_to) && tstzrange(b.valid_from, b.valid_to)`: 0,
		`SELECT count(*) FROM lerd_username_history a JOIN lerd_username_history b USING (username) WHERE a.account_id < b.account_id
		 AND tstzrange(a.valid_from, a.valid_to) && tstzrange(b.valid_from, b.valid_to)`: 0,
		`SELECT count(*) FROM lerd_ip_sessions WHERE event_time >= '2026-11-23' OR event_time < '2024-11-01'`:         0,
		`SELECT count(*) FROM lerd_ip_sessions s JOIN lerd_accounts USING (account_id) WHERE event_time < created_at`: 0,
		`SELECT count(*) FROM lerd_ip_sessions WHERE session_end < event_time`:                                        0,
		`SELECT count(DISTINCT event_type) FROM lerd_ip_sessions`:                                                     6,
		`SELECT count(DISTINCT family(ip_address)) FROM lerd_ip_sessions`:                                             2,
		`SELECT count(DISTINCT source_port IS NULL) FROM lerd_ip_sessions`:                                            2,
	} {
		if got := count(t, conn, q); got != want {
			t.Errorf("%s: %d, want %d", q, got, want)
		}
	}
	if n := count(t, conn, `SELECT count(*) FROM (SELECT phone_e164 FROM lerd_phone_history GROUP BY 1 HAVING count(DISTINCT account_id) = 2) x`); n < 5 {
		t.Errorf("%d recycled numbers", n)
	}
}

func count(t *testing.T, conn *pgx.Conn, q string) (n int64) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), q).Scan(&n); err != nil {
		t.Fatal(q, err)
	}
	return n
}

// TestNothingBelongsToAnybody: every number is unassigned or reserved for
// fiction, every address in a range for documentation, tests or shared NAT.
func TestNothingBelongsToAnybody(t *testing.T) {
	owner, rep := fill(t, small())
	src := open(t, owner)
	all := records.Period{From: now.AddDate(-8, 0, 0), To: now}
	var rows int64
	for i := range rep.Accounts {
		id := sample.SuspectByPhone + records.AccountID(i)
		phones, err := src.Phones(t.Context(), id, all)
		if err != nil || len(phones) == 0 {
			t.Fatalf("phones of %s: %d, %v", id, len(phones), err)
		}
		for _, p := range phones {
			fictional(t, p.Phone.Reveal())
		}
		for row, err := range src.Sessions(t.Context(), id, all) {
			if err != nil {
				t.Fatal(err)
			}
			rows++
			reserved(t, row.Address.Reveal())
			reserved(t, row.Destination.Reveal())
		}
	}
	if rows != rep.Sessions {
		t.Errorf("read %d sessions of %d", rows, rep.Sessions)
	}
}

func fictional(t *testing.T, number string) {
	t.Helper()
	n, err := phonenumbers.Parse(number, "")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		t.Errorf("%s is not in the form of a number: %v", number, err)
	}
	if number != "+12025550143" && number != sample.BystanderPhone && phonenumbers.IsValidNumber(n) {
		t.Errorf("%s may belong to somebody", number)
	}
}

var ranges = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("2001:db8::/32"),
}

func reserved(t *testing.T, a netip.Addr) {
	t.Helper()
	for _, r := range ranges {
		if r.Contains(a) {
			return
		}
	}
	t.Errorf("%s may belong to somebody", a)
}

func TestStory(t *testing.T) {
	o := small()
	o.Accounts, o.Sessions = 10, 50
	owner, _ := fill(t, o)
	src := open(t, owner)
	when := sample.StoryTimes(now)
	period := records.Period{From: now.AddDate(-1, 0, 0), To: now}
	text := personal.NewText
	for _, c := range []struct {
		name string
		id   records.Identifier
		want records.AccountID
		how  records.Match
		full bool
	}{
		{"suspect by phone", records.PhoneIn(personal.NewPhone(sample.SuspectPhone), period), sample.SuspectByPhone, records.ExactlyOne, true},
		{"one digit off", records.PhoneIn(personal.NewPhone(sample.NearMissPhone), period), sample.NearMiss, records.ExactlyOne, true},
		{"nobody's number", records.PhoneIn(personal.NewPhone(sample.UnknownPhone), period), 0, records.None, false},
		{"two holders in the period", records.PhoneIn(personal.NewPhone(sample.RecycledPhone), period), 0, records.Ambiguous, false},
		{"recycled, early", records.PhoneIn(personal.NewPhone(sample.RecycledPhone), records.Period{From: period.From, To: when.PhoneGivenUp}), sample.FirstByPhone, records.ExactlyOne, true},
		{"recycled, in between", records.PhoneIn(personal.NewPhone(sample.RecycledPhone), records.Period{From: when.PhoneGivenUp, To: when.PhoneTakenAgain}), 0, records.None, false},
		{"recycled, late", records.PhoneIn(personal.NewPhone(sample.RecycledPhone), records.Period{From: when.PhoneGivenUp, To: now}), sample.NextByPhone, records.ExactlyOne, false},
		{"username before", records.UsernameIn(text(sample.ReassignedUsername), records.At(when.UsernameGivenUp.Add(-time.Microsecond))), sample.SuspectByUsername, records.ExactlyOne, true},
		{"username at the end", records.UsernameIn(text(sample.ReassignedUsername), records.At(when.UsernameGivenUp)), 0, records.None, false},
		{"username after", records.UsernameIn(text(sample.ReassignedUsername), records.At(when.UsernameTakenAgain)), sample.NextByUsername, records.ExactlyOne, true},
		{"id", records.AccountIn(sample.SuspectByID, period), sample.SuspectByID, records.ExactlyOne, true},
		{"no such id", records.AccountIn(3, period), 0, records.None, false},
	} {
		res, err := src.Resolve(t.Context(), c.id)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got, how := res.Account(); got != c.want || how != c.how || res.Covers(c.id.During) != c.full {
			t.Errorf("%s: %s %s, covers %v", c.name, got, how, res.Covers(c.id.During))
		}
	}
}
