package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lerd/internal/oversight"
)

// mostRead is how many rows and index entries a page may read in all: some hundreds
// are its own, and beside the order lie the last answers to look back on.
const mostRead = 10_000

// reading is what the database read since the last look.
type reading struct {
	whole map[string]int64 // rows read by going through a table from its beginning
	rows  int64            // all rows and index entries
}

// grownSince says of which of the tables rows were read from the beginning since an
// earlier reading.
func (r reading) grownSince(before reading, tables map[string]bool) (out []string) {
	for _, table := range slices.Sorted(maps.Keys(r.whole)) {
		if n := r.whole[table] - before.whole[table]; n > 0 && tables[table] {
			out = append(out, fmt.Sprintf("%d rows of %s", n, table))
		}
	}
	return out
}

// unread are pages that are about something else: a comparison over many cases that is
// asked for, a file of all events, and one that the planted case has no more.
var unread = map[string]bool{"process.compare": true, "audit.csv": true, "request.result": true}

// readers are the pages that are walked: all that somebody of the platform may see.
func (h *house) readers(p person) (paths []string) {
	for _, r := range h.web.Routes() {
		if r.Method != http.MethodGet || r.Public || !p.may(r.Name) || redirects[r.Name] || otherwise[r.Name] != 0 || unread[r.Name] || h.anothers(p, r) {
			continue
		}
		paths = append(paths, at(r, h.mine(p, r)))
	}
	switch p.signIn {
	case "rita.lind":
		for _, f := range []string{"free", "mine", "held", "waiting", "conflict", "later", "ended"} {
			paths = append(paths, "/review?show="+f)
		}
		paths = append(paths, "/review?show=ended&page=2")
	case "ines.moreau":
		for _, page := range auditorsPages {
			paths = append(paths, strings.Replace(page, ":id", h.own["request"], 1))
		}
	}
	return paths
}

// TestPagesReadNoGrowingTable walks every page of the staff in a database of some
// thousand requests: none goes through a table that grows with them, and none reads
// more rows than a page needs. It counts rows and not time, so that a busy machine
// says the same as a quiet one.
func TestPagesReadNoGrowingTable(t *testing.T) {
	s := newScenario(t)
	s.seeded(3000, 0.02)
	h := houseOf(s, func(s *scenario) *portal { return s.openBench().portal })
	s.settled()
	s.store.SQL().SetMaxIdleConns(-1) // a connection that ends says what it read
	grown := s.grown(1000)
	for _, p := range h.once() {
		if p.role == "" || strings.HasPrefix(string(p.role), "agency") {
			continue
		}
		for _, path := range h.readers(p) {
			h.ask(p.visitor, http.MethodGet, path, nil, "") // accounts and counts of the first look
			before := s.read()
			if got := h.ask(p.visitor, http.MethodGet, path, nil, ""); got.status != http.StatusOK {
				t.Errorf("%s: GET %s answers %d", p, path, got.status)
				continue
			}
			after := s.read()
			for _, whole := range after.grownSince(before, grown) {
				t.Errorf("%s: GET %s reads from the beginning %s", p, path, whole)
			}
			if n := after.rows - before.rows; n > mostRead {
				t.Errorf("%s: GET %s reads %d rows and index entries", p, path, n)
			}
		}
	}
}

// grown are the tables with more rows than a number.
func (s *scenario) grown(rows int) map[string]bool {
	out := map[string]bool{}
	for _, name := range s.column(fmt.Sprintf("SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.reltuples > %d AND n.nspname IN ('public', 'audit')", rows)) {
		out[name] = true
	}
	return out
}

// read gives what the database has read, once every connection of lerd has said so.
func (s *scenario) read() (r reading) {
	s.t.Helper()
	for range 500 {
		if s.column("SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND usename = 'lerd_app'")[0] == "0" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.whole = map[string]int64{}
	for _, line := range s.column(`SELECT schemaname || '.' || relname || ' ' || seq_tup_read || ' ' || seq_tup_read + coalesce(idx_tup_fetch, 0) +
		(SELECT coalesce(sum(i.idx_tup_read), 0) FROM pg_stat_user_indexes i WHERE i.relid = t.relid) FROM pg_stat_user_tables t`) {
		f := strings.Fields(line)
		whole, err := strconv.ParseInt(f[1], 10, 64)
		s.must(err)
		all, err := strconv.ParseInt(f[2], 10, 64)
		s.must(err)
		r.whole[f[0]] = whole
		r.rows += all
	}
	return r
}

// TestAuditorsListsReadWhatTheyShow asks for each list of acts as often on one connection
// as PostgreSQL needs to keep a plan for any values, in a log of which the database has
// counted what it holds, and has not tidied it.
func TestAuditorsListsReadWhatTheyShow(t *testing.T) {
	s := newScenario(t)
	s.seeded(2000, 0.02)
	s.indexed()
	_, err := s.ownerDB().Exec("ANALYZE")
	s.must(err)
	s.store.SQL().SetMaxIdleConns(-1)
	lists := []oversight.Search{{Name: "events"}, {Name: "events", Kind: "request.", Role: "counsel"}}
	for _, name := range oversight.Library {
		lists = append(lists, oversight.Search{Name: name})
	}
	for _, kind := range s.column("SELECT DISTINCT kind FROM log_index") {
		lists = append(lists, oversight.Search{Name: "events", Kind: kind})
	}
	for _, role := range s.column("SELECT DISTINCT role FROM log_index") {
		lists = append(lists, oversight.Search{Name: "events", Role: role})
	}
	for _, prefix := range s.column("SELECT DISTINCT split_part(kind, '.', 1) FROM log_index") {
		lists = append(lists, oversight.Search{Name: "events", Kind: prefix + "."})
	}
	const asks, most = 8, 2000
	ines := s.as("ines.moreau")
	for _, q := range lists {
		read := func() int64 {
			before := s.read()
			s.store.SQL().SetMaxIdleConns(1)
			for range asks {
				_, err := s.consoleOf.Search(ines, q)
				s.must(err)
			}
			s.store.SQL().SetMaxIdleConns(-1)
			return (s.read().rows - before.rows) / asks
		}
		if n := read(); n > most && read() > most { // a connection from before may say late, once, what it read
			t.Errorf("%s %s %s reads %d rows and index entries", q.Name, q.Kind, q.Role, n)
		}
	}
}

// TestJobsReadNoGrowingTable runs every job, once it has done what there was to do, in a database
// of some thousand requests: most come again each second, for as long as lerd runs.
func TestJobsReadNoGrowingTable(t *testing.T) {
	s := newScenario(t)
	s.seeded(2000, 0)
	s.settled()
	grown := s.grown(1000)
	for range 3 { // what one does is work for another
		for _, j := range s.allJobs() {
			for range 100 {
				n, err := j.run(s.ctx)
				if err != nil && j.name != "fraud" { // the seed's open cases have no documents
					t.Fatalf("%s: %v", j.name, err)
				}
				if n < 10 {
					break
				}
			}
		}
	}
	s.settled()
	s.store.SQL().SetMaxIdleConns(-1)
	// Each reads what is its own; what comes every ten minutes may look at what is over.
	most := map[string]int64{"cases": 1200, "fraud": 20_000, "statements": 5000, "agencies": 1000, "people": 1000, "retention": 40_000}
	for _, j := range s.allJobs() {
		read := func() (rows int64, whole []string) {
			before := s.read()
			_, _ = j.run(s.ctx)
			after := s.read()
			return after.rows - before.rows, after.grownSince(before, grown)
		}
		rows, whole := read()
		if len(whole) > 0 {
			t.Errorf("%s reads from the beginning: %s", j.name, strings.Join(whole, ", "))
		}
		if rows > max(most[j.name], 100) {
			t.Errorf("%s reads %d rows and index entries", j.name, rows)
		}
	}
}
