package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/oversight"
)

// Search answers a query of the auditors' console, the newest line first. Lists of
// events are read from the index of the log, and what is shown of each event from
// the event itself.
func (c Console) Search(ctx context.Context, q oversight.Search) (list []oversight.Hit, err error) {
	defer fault.Wrap(&err, "store.Search(%s)", q.Name)
	if q.Limit <= 0 || q.Limit > 1000 {
		q.Limit = 50
	}
	if err := c.catchUp(ctx); err != nil {
		return nil, err
	}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := errors.Join(inOrder(tx), planAnew(tx)); err != nil {
			return err
		}
		switch q.Name {
		case "cases", "emergency_no_order", "gag_past_end":
			list, err = searchCases(tx, q, c.now())
		case "most_viewed":
			list, err = mostViewed(tx, q, c.now())
		default:
			list, err = searchEvents(tx, q)
		}
		return err
	})
	return list, err
}

// clauses collects conditions with their arguments.
type clauses struct {
	where []string
	args  []any
}

func (c *clauses) add(condition string, args ...any) {
	c.where, c.args = append(c.where, condition), append(c.args, args...)
}

func (c *clauses) text() string {
	if len(c.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.where, " AND ")
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// slack is how far the order of the log can be from that of its events' times, in
// entries: times narrow the search by the index first, and then exactly.
const slack = 20_000

func searchEvents(tx *gorm.DB, q oversight.Search) ([]oversight.Hit, error) {
	var w clauses
	from := "log_index i"
	if q.Name == "source_silence" { // of few kinds, and found by them
		q.Name, q.Kind = "events", "source_silence."
	}
	if q.Name != "events" {
		from = "log_mark m JOIN log_index i ON i.idx = m.idx"
		w.add("m.mark = ?", q.Name)
	}
	key, after := map[bool]string{true: "i.idx", false: "m.idx"}[q.Name == "events"], int64(math.MaxInt64)
	if q.After != "" {
		var err error
		if after, err = strconv.ParseInt(q.After, 10, 64); err != nil {
			return nil, fault.New(fault.NotFound, "There is nothing here.")
		}
	}
	order := key + " DESC"
	if q.Name == "events" && q.Kind != "" && !strings.HasSuffix(q.Kind, ".") {
		// An equality would leave the planner free to go back through the log of all
		// kinds, which takes long where this one is old: so it is an order and a range.
		w.add("i.kind >= ? AND (i.kind, i.idx) < (?, ?)", q.Kind, q.Kind, after)
		order, q.Kind = "i.kind DESC, i.idx DESC", ""
	} else {
		w.add(key+" < ?", after)
	}
	if err := narrow(tx, &w, q, key); err != nil {
		return nil, err
	}
	query := `SELECT x.*, coalesce((SELECT p.pseudonym FROM person p WHERE p.id = CASE WHEN x.person ~ '^[0-9a-f-]{36}$' THEN x.person::uuid END), '') AS name,
		coalesce((SELECT q.ref FROM request q WHERE q.id = x.case_id), '') AS ref, e.entry, o.salt, o.value FROM (SELECT i.idx, i.event_id, i.at, i.kind, i.person, i.role, i.case_id FROM ` + from + w.text() +
		" ORDER BY " + order + " LIMIT " + strconv.Itoa(q.Limit) + `) x LEFT JOIN audit.event e ON e.id = x.event_id
		LEFT JOIN audit.opening o ON o.event_id = x.event_id AND o.name = 'facts' ORDER BY x.idx DESC`
	var rows []eventHit
	if err := tx.Raw(query, w.args...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]oversight.Hit, 0, len(rows))
	for _, r := range rows {
		h, err := r.hit()
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// ofKind gives the condition for events of a kind, or of those that begin so where it
// ends in a full stop.
func ofKind(column, kind string) (condition string, args []any) {
	if all, prefix := strings.CutSuffix(kind, "."); prefix {
		return column + " >= ? AND " + column + " < ?", []any{kind, all + "/"}
	}
	return column + " = ?", []any{kind}
}

// Unknown names the filters that name nothing on record.
func (c Console) Unknown(ctx context.Context, q oversight.Search) (out []string, err error) {
	defer fault.Wrap(&err, "store.Unknown")
	if q.Kind+q.Person+q.Ref+q.Country+q.Process == "" {
		return nil, nil
	}
	if err := c.catchUp(ctx); err != nil {
		return nil, err
	}
	kinds, from := ofKind("kind", q.Kind)
	people := "pseudonym = ?"
	if uuidForm.MatchString(q.Person) {
		people = "id = ?::uuid"
	}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		for _, x := range []struct {
			filter, value, query string
			args                 []any
		}{
			{"kind", q.Kind, "log_index WHERE " + kinds, from},
			{"person", q.Person, "person WHERE " + people, []any{q.Person}},
			{"ref", q.Ref, "request WHERE ref = ?", []any{q.Ref}},
			{"country", q.Country, "agency WHERE country = ?", []any{q.Country}},
			{"process", q.Process, "request WHERE process_id = ?", []any{q.Process}},
		} {
			there := x.value == "" || x.value == "system"
			if !there {
				if err := tx.Raw("SELECT EXISTS (SELECT 1 FROM "+x.query+")", x.args...).Scan(&there).Error; err != nil {
					return err
				}
			}
			if !there {
				out = append(out, x.filter)
			}
		}
		return nil
	})
	return out, err
}

// narrow puts the filters of a list of events into conditions.
func narrow(tx *gorm.DB, w *clauses, q oversight.Search, key string) error {
	if q.Kind != "" {
		condition, args := ofKind("i.kind", q.Kind)
		w.add(condition, args...)
	}
	if q.Person != "" {
		id := q.Person
		if !uuidForm.MatchString(id) && id != "system" {
			id = ""
			if err := tx.Raw("SELECT id::text FROM person WHERE pseudonym = ?", q.Person).Scan(&id).Error; err != nil {
				return err
			}
		}
		w.add("i.person = ?", id)
	}
	if q.Role != "" {
		w.add("i.role = ?", q.Role)
	}
	if q.Ref != "" {
		var id *string
		if err := tx.Raw("SELECT id::text FROM request WHERE ref = ?", q.Ref).Scan(&id).Error; err != nil {
			return err
		}
		w.add("i.case_id = ?", id)
	}
	return between(tx, w, q, key)
}

// between narrows by time: by the places that the index gives, and exactly.
func between(tx *gorm.DB, w *clauses, q oversight.Search, key string) error {
	bound := func(query string, at time.Time) (n *int64, err error) {
		err = tx.Raw(query, micro(at)).Scan(&n).Error
		return n, err
	}
	if !q.From.IsZero() {
		n, err := bound("SELECT idx FROM log_index WHERE at >= ? ORDER BY at, idx LIMIT 1", q.From)
		if err != nil {
			return err
		}
		if w.add("i.at >= ?", micro(q.From)); n != nil {
			w.add(key+" >= ?", *n-slack)
		}
	}
	if !q.To.IsZero() {
		n, err := bound("SELECT idx FROM log_index WHERE at < ? ORDER BY at DESC, idx DESC LIMIT 1", q.To)
		if err != nil {
			return err
		}
		if w.add("i.at < ?", micro(q.To)); n != nil {
			w.add(key+" <= ?", *n+slack)
		}
	}
	return nil
}

type eventHit struct {
	Idx     int64
	EventID string
	At      time.Time
	Kind    string
	Person  string
	Role    string
	CaseID  *string
	Name    string
	Ref     string
	Entry   []byte
	Salt    []byte
	Value   []byte
}

func (r eventHit) hit() (oversight.Hit, error) {
	rec, _, err := opened(r.Entry, r.Salt, r.Value)
	if err != nil {
		return oversight.Hit{}, err
	}
	var said []string
	facts := rec.AllFacts()
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		said = append(said, name+"="+facts[name])
	}
	h := oversight.Hit{Index: r.Idx, Event: rec.ID, At: rec.At, Kind: rec.Kind, Person: rec.Actor.Person, Name: r.Name, Role: rec.Actor.Role,
		Case: text[string](r.CaseID), Ref: r.Ref, Stream: rec.Stream, Detail: strings.Join(said, "; "), Facts: facts, Next: strconv.FormatInt(r.Idx, 10)}
	return h, nil
}

type caseHit struct {
	ID         string
	Ref        string
	State      string
	ReceivedAt time.Time
	Detail     string
	ReviewerID *string
	Name       string
}

// searchCases lists cases, the newest first, with the cursor "time|id".
func searchCases(tx *gorm.DB, q oversight.Search, now time.Time) ([]oversight.Hit, error) {
	var w clauses
	if at, id, ok := strings.Cut(q.After, "|"); ok {
		t, err := time.Parse(time.RFC3339Nano, at)
		if err != nil || !uuidForm.MatchString(id) {
			return nil, fault.New(fault.NotFound, "There is nothing here.")
		}
		w.add("(q.received_at, q.id) < (?, ?::uuid)", t, id)
	} else if q.After != "" {
		return nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	for column, v := range map[string]string{"q.state = ?": q.State, "q.process_id = ?": q.Process, "q.ref = ?": q.Ref} {
		if v != "" {
			w.add(column, v)
		}
	}
	if q.Urgent {
		w.add("q.emergency")
	}
	if !q.From.IsZero() {
		w.add("q.received_at >= ?", micro(q.From))
	}
	if !q.To.IsZero() {
		w.add("q.received_at < ?", micro(q.To))
	}
	detail := "q.process_id || ' ' || q.process_version"
	switch q.Name {
	case "emergency_no_order":
		w.add(`q.emergency AND q.received_at < ? AND q.state NOT IN ('refused', 'withdrawn', 'expired', 'redrafted', 'awaiting_cosignature')
			AND NOT EXISTS (SELECT 1 FROM request_link l WHERE l.follows_id = q.id)`, micro(now.Add(-laterOrder)))
	case "gag_past_end":
		condition, err := gagPast(tx)
		if err != nil {
			return nil, err
		}
		w.add(condition, micro(now), micro(now))
	}
	rows, err := caseRows(tx, q, w, detail)
	var out []oversight.Hit
	for _, r := range rows {
		process, version, _ := strings.Cut(r.Detail, " ")
		out = append(out, oversight.Hit{Index: -1, At: r.ReceivedAt.UTC(), Kind: r.State, Person: text[string](r.ReviewerID), Name: r.Name, Case: r.ID, Ref: r.Ref, Detail: r.Detail,
			Facts: map[string]string{"process": process, "process_version": version},
			Next:  r.ReceivedAt.UTC().Format(time.RFC3339Nano) + "|" + r.ID})
	}
	return out, err
}

// laterOrder is after what time an emergency should have been followed by an order.
const laterOrder = 72 * time.Hour

// gagPast gives the condition for cases whose order to be silent is past its end or
// its review, and still keeps the person from being told.
func gagPast(tx *gorm.DB) (string, error) {
	var there bool
	if err := tx.Raw("SELECT to_regclass('public.gag') IS NOT NULL").Scan(&there).Error; err != nil {
		return "", err
	}
	if there {
		return "q.id IN (SELECT g.request_id FROM gag g WHERE g.state = 'running' AND (g.ends_at < ? OR g.review_at < ?))", nil
	}
	return "q.confidential AND q.confidential_until < ?::date AND q.confidential_until < ?::date", nil
}

func caseRows(tx *gorm.DB, q oversight.Search, w clauses, detail string) (rows []caseHit, err error) {
	shown := "SELECT q.id, q.ref, q.state, q.received_at, q.reviewer_id, " + detail + " AS detail FROM request q"
	limit := " LIMIT " + strconv.Itoa(q.Limit)
	inner := shown + w.text() + " ORDER BY q.received_at DESC, q.id DESC" + limit
	if q.Country != "" { // each agency's index gives its newest, and the rows are read of those alone that are shown
		w.add("q.agency_id = a.id")
		newest := " ORDER BY received_at DESC, id DESC"
		of := func(more, limit string) string {
			return "SELECT y.* FROM agency a CROSS JOIN LATERAL (SELECT q.id, q.received_at FROM request q" + w.text() + more + newest + limit + ") y WHERE a.country = ?"
		}
		// What is shown is no older than the last of as many of a few of each agency's.
		// Behind row-level security the index takes a bound that is a value, and no function.
		keys := "WITH few AS MATERIALIZED (" + of("", " LIMIT 5") + "), since AS MATERIALIZED (SELECT coalesce((SELECT received_at FROM few ORDER BY received_at DESC OFFSET " +
			strconv.Itoa(q.Limit-1) + " LIMIT 1), '-infinity') AS at) " + of(" AND q.received_at >= (SELECT at FROM since)", limit) + newest + limit
		inner = "SELECT q.* FROM (" + keys + ") k CROSS JOIN LATERAL (" + shown + " WHERE q.id = k.id OFFSET 0) q"
		w.args = append(w.args, q.Country)
		w.args = append(w.args, w.args...)
	}
	err = tx.Raw(fmt.Sprintf("SELECT x.*, coalesce(p.pseudonym, '') AS name FROM (%s) x LEFT JOIN person p ON p.id = x.reviewer_id ORDER BY x.received_at DESC, x.id DESC", inner), w.args...).Scan(&rows).Error
	return rows, err
}

// mostViewed lists the accounts whose cases staff looked at most, in the month of
// the query's beginning or in this one.
func mostViewed(tx *gorm.DB, q oversight.Search, now time.Time) ([]oversight.Hit, error) {
	month := now
	if !q.From.IsZero() {
		month = q.From
	}
	first := time.Date(month.UTC().Year(), month.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	var rows []struct {
		AccountID int64
		Views     int64
		CaseID    *string
		Ref       string
	}
	if q.After != "" || first.Year() < 1 { // the list has one page, and a date of the database no year 0
		return nil, nil
	}
	err := tx.Raw(`SELECT v.account_id, v.views, t.request_id AS case_id, coalesce(q.ref, '') AS ref
		FROM (SELECT * FROM log_viewed WHERE month = ?::date ORDER BY views DESC, account_id LIMIT ?) v
		LEFT JOIN LATERAL (SELECT t.request_id FROM target t WHERE t.account_id = v.account_id ORDER BY t.request_id LIMIT 1) t ON true
		LEFT JOIN request q ON q.id = t.request_id ORDER BY v.views DESC, v.account_id`, first.Format(time.DateOnly), q.Limit).Scan(&rows).Error
	var out []oversight.Hit
	for _, r := range rows {
		out = append(out, oversight.Hit{Index: -1, At: first, Kind: "account", Case: text[string](r.CaseID), Ref: r.Ref, Detail: fmt.Sprintf("account=%d; views=%d", r.AccountID, r.Views),
			Facts: map[string]string{"account": strconv.FormatInt(r.AccountID, 10), "views": strconv.FormatInt(r.Views, 10)}})
	}
	return out, err
}
