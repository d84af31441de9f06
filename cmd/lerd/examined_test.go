package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/audit"
	"lerd/internal/requests"
)

// form gives the public form of a case's events from the qualification on: kinds,
// facts, tables of rows, names of values, and how many causes there are.
func (s *scenario) form(id requests.ID) (out []string) {
	s.t.Helper()
	rows, err := s.ownerDB().Query("SELECT entry FROM audit.event WHERE stream = $1 ORDER BY version", requests.StreamOf(id))
	s.must(err)
	defer rows.Close()
	for rows.Next() {
		var entry []byte
		s.must(rows.Scan(&entry))
		e, err := audit.ParseEntry(entry)
		s.must(err)
		if e.Kind != "request.qualify" && len(out) == 0 {
			continue
		}
		var said, tables, values []string
		for _, k := range slices.Sorted(maps.Keys(e.Facts)) {
			said = append(said, k+"="+e.Facts[k])
		}
		for _, r := range e.Rows {
			tables = append(tables, r.Table)
		}
		for _, v := range e.Values {
			values = append(values, v.Name)
		}
		slices.Sort(values)
		out = append(out, fmt.Sprintf("%s %s rows %s values %s causes %d", e.Kind, strings.Join(said, " "), strings.Join(tables, " "), strings.Join(values, " "), len(e.Causes)))
	}
	s.must(rows.Err())
	return out
}

// TestAnExaminationLooksTheSame: whether or not there is such an account, an
// agency reads the same state, and the log shows events of the same form.
func TestAnExaminationLooksTheSame(t *testing.T) {
	s := newScenario(t)
	officer := s.as("asha.rao")
	account := s.submit("IN/94/2026/980").ID
	nobody := s.submitWith("IN/94/2026/981", func(in *requests.Submission) { in.Targets[0].Identifier = "+447700900999" }).ID
	for _, id := range []requests.ID{account, nobody} {
		s.review(id)
	}
	s.jobs()
	if len(s.load(account).Asks) == 0 || len(s.load(nobody).Asks) != 0 {
		t.Fatal("the two cases are alike, so the test shows nothing")
	}
	if diff := cmp.Diff(s.form(account), s.form(nobody)); diff != "" {
		t.Errorf("the log tells them apart (-account +nobody):\n%s", diff)
	}
	same := func(when string, want requests.State) {
		t.Helper()
		for _, id := range []requests.ID{account, nobody} {
			c, err := s.cases.View(officer, id)
			s.must(err)
			if c.Request.State != want || len(c.Decisions)+len(c.Asks) != 0 || c.Request.Targets[0].Resolution != "" || !c.Quiet.IsZero() || c.Release != nil {
				t.Errorf("%s the agency reads %s of %s", when, c.Request.State, id)
			}
		}
		list, err := s.cases.List(officer, requests.Filter{})
		s.must(err)
		for _, q := range list {
			if q.State != want {
				t.Errorf("%s the list says %s", when, q.State)
			}
		}
	}
	same("while it is examined", requests.Examined)
	s.confirm()
	s.jobs()
	if got := s.state(account); got != requests.Confirmed {
		t.Fatalf("the case with an account is %s", got)
	}
	same("once it is confirmed", requests.Examined)
	for _, line := range s.form(account)[1:] {
		if !strings.HasPrefix(line, "request.examined from=examined") {
			t.Errorf("the log says how far the examination came: %s", line)
		}
	}
	if until := s.load(nobody).Quiet; until.Before(storyNow.Add(24*time.Hour)) || until.After(storyNow.Add(72*time.Hour)) {
		t.Errorf("nothing is said until %s", until)
	}
}
