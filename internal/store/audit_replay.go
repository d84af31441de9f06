package store

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"lerd/internal/audit"
)

// replay holds what the log says of the business rows.
type replay struct {
	last     map[rowKey]*writtenRow
	versions map[string]int64         // of each stream
	states   map[string]string        // of each request's stream
	unopened map[string]audit.EventID // of each stream: an event without payload that no erasure has explained yet
}

type rowKey struct{ table, id string }

type writtenRow struct {
	event      audit.EventID
	commitment audit.Commitment
	salt       audit.Salt
	seen       bool
}

func newReplay() *replay {
	return &replay{last: map[rowKey]*writtenRow{}, versions: map[string]int64{}, states: map[string]string{}, unopened: map[string]audit.EventID{}}
}

// expects reports whether a stream's version has a predecessor that is not yet
// applied.
func (r *replay) expects(stream string, version int64) bool { return version > r.versions[stream]+1 }

// apply takes an event in the log's order.
func (r *replay) apply(e audit.Record, salt audit.Salt) error {
	if want := r.versions[e.Stream] + 1; e.Version != want {
		return differs("Event %s has version %d of its stream %s where version %d should follow.", e.ID, e.Version, e.Stream, want)
	}
	r.versions[e.Stream] = e.Version
	if e.Kind == erasureMade {
		delete(r.unopened, e.Stream)
	}
	if to, moves := e.Facts["to"]; moves && strings.HasPrefix(e.Stream, "request:") {
		if from, was := e.Facts["from"], r.states[e.Stream]; from != was {
			return differs("Event %s moves %s from state %q, which was in state %q.", e.ID, e.Stream, from, was)
		}
		r.states[e.Stream] = to
	}
	for _, row := range e.Rows {
		r.last[rowKey{row.Table, row.ID}] = &writtenRow{event: e.ID, commitment: row.Commitment, salt: salt}
	}
	return nil
}

// erasureMade is the kind of event under which a stream was erased: what opened
// the commitments of the events before it may be gone.
const erasureMade = "erasure.made"

// erased takes note of an event whose payload is gone.
func (r *replay) erased(e audit.Record) error {
	if e.Kind == erasureMade {
		return differs("The payload of event %s, which tells of an erasure, is missing.", e.ID)
	}
	if _, known := r.unopened[e.Stream]; !known {
		r.unopened[e.Stream] = e.ID
	}
	return nil
}

// unexplained finds a payload that is gone without an erasure.
func (r *replay) unexplained() error {
	if len(r.unopened) == 0 {
		return nil
	}
	first := slices.Min(slices.Collect(maps.Keys(r.unopened)))
	return differs("The payload of event %s is missing, and no erasure of %s says why.", r.unopened[first], first)
}

// compare checks one row against the newest event that wrote it.
func (r *replay) compare(table, id, eventID string, canonical []byte) error {
	w := r.last[rowKey{table, id}]
	switch {
	case w == nil:
		return differs("Row %s of table %s is there, and no event says so.", id, table)
	case w.seen:
		return differs("Row %s of table %s is there twice.", id, table)
	case string(w.event) != eventID:
		return differs("Row %s of table %s says that event %s wrote it last, and the log says event %s.", id, table, eventID, w.event)
	case audit.Commit(w.salt, audit.RowField(table, id), canonical) != w.commitment:
		return differs("Row %s of table %s is not what event %s wrote.", id, table, w.event)
	}
	w.seen = true
	return nil
}

// missing finds a row that was written and is gone.
func (r *replay) missing() error {
	var gone []rowKey
	for k, w := range r.last {
		if !w.seen {
			gone = append(gone, k)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	first := slices.MinFunc(gone, func(a, b rowKey) int { return cmp.Or(strings.Compare(a.table, b.table), strings.Compare(a.id, b.id)) })
	return differs("Row %s of table %s, written by event %s, is gone.", first.id, first.table, r.last[first].event)
}

// tables gives the tables that the log speaks of, with their schema.
func (r *replay) tables() []string {
	seen := map[string]bool{}
	for k := range r.last {
		seen[k.table] = true
	}
	var out []string
	for t := range seen {
		if !strings.Contains(t, ".") {
			t = "public." + t
		}
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}
