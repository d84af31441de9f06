package store_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/store"
	"lerd/internal/testkit/auditlab"
)

// forger has everything that lies in the database, and rewrites an event with all that
// belongs to it so that each part fits the others. What it does not have is the key of
// the log, and what was signed and kept outside.
type forger struct {
	t   *testing.T
	lab *auditlab.Lab
}

func (f forger) bytes(query string) (out []byte) {
	f.t.Helper()
	var text string
	if err := f.lab.Super.Raw("SELECT encode((" + query + "), 'hex')").Scan(&text).Error; err != nil {
		f.t.Fatal(err)
	}
	out, err := hex.DecodeString(text)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// rewritten gives the statements that make the last step of a thing lead to another
// state: its row; the value in the payload that says why; and the entry, with the
// commitments to both made anew with the payload's own salt, so that they open.
func (f forger) rewritten(event, thing string, version int) (row, payload, entry string) {
	f.t.Helper()
	p, err := audit.ParsePayload(f.bytes("SELECT body FROM audit.payload WHERE event_id = '" + event + "'"))
	if err != nil {
		f.t.Fatal(err)
	}
	old := f.bytes("SELECT entry FROM audit.event WHERE id = '" + event + "'")
	rec, err := audit.ParseEntry(old)
	if err != nil {
		f.t.Fatal(err)
	}
	p.Values[0].New = []byte("because of refused")
	body, err := p.Encode()
	if err != nil {
		f.t.Fatal(err)
	}
	canonical := fmt.Appendf(nil, "%s|refused|%d", thing, version)
	forged := old
	for was, is := range map[string]audit.Commitment{
		rec.Rows[0].Commitment.String(): audit.Commit(p.Salt, audit.RowField("thing", thing), canonical),
		rec.Values[0].New.String():      audit.Commit(p.Salt, audit.NewField("reason"), p.Values[0].New),
	} {
		forged = bytes.ReplaceAll(forged, []byte(was), []byte(is.String()))
	}
	forged = bytes.ReplaceAll(forged, []byte(`"to":"approved"`), []byte(`"to":"refused"`))
	if r, err := audit.ParseEntry(forged); err != nil || audit.VerifyPayload(r, p) != nil || bytes.Equal(forged, old) {
		f.t.Fatalf("the forgery does not fit itself: %v", err)
	}
	update := func(table, column, key string, b []byte) string {
		return fmt.Sprintf(`UPDATE audit.%s SET %s = '\x%x' WHERE %s = '%s'`, table, column, b, key, event)
	}
	return "UPDATE public.thing SET state = 'refused' WHERE id = '" + thing + "'", update("payload", "body", "event_id", body), update("event", "entry", "id", forged)
}

// placed gives the leaf of an event as its entry, as it stands now, makes it.
func placed(event string) string {
	return `UPDATE audit.leaf SET hash = (SELECT sha256('\x00'::bytea || entry) FROM audit.event WHERE id = leaf.event_id) WHERE event_id = '` + event + `'`
}

// TestVerifyNamesWhatWasRewrittenTogether rewrites a row, what opens it, and the entry
// that commits to it, so that each fits the others, with and without the hashes above
// them and the checkpoints that tell on them.
func TestVerifyNamesWhatWasRewrittenTogether(t *testing.T) {
	lab := filled(t)
	thing := uuid.NewString()
	ids := lab.Do(t, auditlab.Step{ID: thing, To: "received", Version: 1}, auditlab.Step{ID: thing, From: "received", To: "approved", Version: 2})
	lab.Place(t)
	event := string(ids[1])
	row, payload, entry := forger{t, lab}.rewritten(event, thing, 2)
	unpublish := `DELETE FROM audit.checkpoint WHERE size = 358`
	check := lab.Check(t)
	for _, c := range []struct {
		name string
		sql  []string
		want string
	}{
		{"the row and its payload", []string{row, payload}, "The payload of event " + event + " is not the one that was recorded"},
		{"the row and its entry", []string{row, entry}, "its hash differs"},
		{"row, payload and entry", []string{row, payload, entry}, "Event " + event + " is not the one that was placed here"},
		{"row, payload, entry and leaf", []string{row, payload, entry, placed(event)}, "TREE: the first 358 entries have the root"},
		{"all of these, and the checkpoint over them removed", []string{row, payload, entry, placed(event), unpublish}, "The checkpoint over 358 entries was signed and is not published"},
		{"all of these, and the checkpoint's columns made to fit", []string{row, payload, entry, placed(event), `UPDATE audit.checkpoint SET root = sha256('x') WHERE size = 358`}, "FORK: at 358 entries"},
		{"all of these, and the event taken back to no place", []string{row, payload, entry, `DELETE FROM audit.leaf WHERE event_id = '` + event + `'`, unpublish}, "ROLLBACK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lab.Tampered(t, c.sql, func(tx *gorm.DB) {
				_, err := store.VerifyAudit(t.Context(), tx, check)
				if err == nil || !strings.Contains(err.Error(), c.want) || !store.IsDifference(err) {
					t.Errorf("verify said: %v\nwant: %s", err, c.want)
				}
			})
		})
	}
}

// TestTheTailWithoutACheckpoint says what holds for events that have no place yet, for a
// second at most: who removes one and leaves what rests on it is named; who rewrites the
// newest one with everything that belongs to it, or removes it whole, is not, for nobody
// outside has seen it. Nothing leaves before its events have their place under a
// checkpoint that is kept outside.
func TestTheTailWithoutACheckpoint(t *testing.T) {
	lab := filled(t)
	thing := uuid.NewString()
	ids := lab.Do(t, auditlab.Step{ID: thing, To: "received", Version: 1}, auditlab.Step{ID: thing, From: "received", To: "approved", Version: 2})
	first, last := string(ids[0]), string(ids[1])
	row, payload, entry := forger{t, lab}.rewritten(last, thing, 2)
	gone := func(id string) []string {
		return []string{`DELETE FROM audit.payload WHERE event_id = '` + id + `'`, `DELETE FROM audit.opening WHERE event_id = '` + id + `'`, `DELETE FROM audit.event WHERE id = '` + id + `'`}
	}
	check := lab.Check(t)
	for _, c := range []struct {
		name string
		sql  []string
		want string // "": not seen
	}{
		{"the event alone", gone(last), "says that event"},
		{"the event before another", gone(first), "Event " + last + " relies on an event that is not there"},
		{"the event's payload", gone(last)[:1], "payload of event"},
		{"the row alone", []string{row}, "is not what event"},
		{"the row and its payload", []string{row, payload}, "is not the one that was recorded"},
		{"both events, and not the row", append(gone(first), gone(last)...), "of table thing is there, and no event says so"},
		{"the newest, whole", []string{row, payload, entry}, ""},
		{"both and the row, whole", append(append(gone(first), gone(last)...), `DELETE FROM public.thing WHERE id = '`+thing+`'`), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			lab.Tampered(t, c.sql, func(tx *gorm.DB) {
				_, err := store.VerifyAudit(t.Context(), tx, check)
				switch {
				case c.want == "" && err != nil:
					t.Errorf("verify said: %v", err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !store.IsDifference(err)):
					t.Errorf("verify said: %v\nwant: %s", err, c.want)
				}
			})
		})
	}
}
