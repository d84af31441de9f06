package store

import (
	"context"
	"database/sql"
	"regexp"
	"time"

	"lerd/internal/audit"
)

// indexedEvent is a row of the index of the log, from which auditors' lists are read.
type indexedEvent struct {
	idx                                        int64
	event, kind, stream, person, role, session string
	caseID                                     sql.NullString
	at                                         time.Time
}

// beginIndex finds how far the index of the log reaches: it follows the log, and what is
// behind its end is not missing.
func (v *auditVerifier) beginIndex(ctx context.Context) error {
	v.indexed = -1
	if v.check.LogOnly {
		return nil
	}
	var there bool
	if err := v.pool.QueryRowContext(ctx, `SELECT to_regclass('public.log_index') IS NOT NULL`).Scan(&there); err != nil || !there {
		return err
	}
	return v.pool.QueryRowContext(ctx, `SELECT coalesce(max(idx), -1) FROM log_index`).Scan(&v.indexed)
}

// readBy compares the index of the log with a batch, until something differs, which is
// said when the log and the rows are as they should be: they are the cause of more.
func (v *auditVerifier) readBy(ctx context.Context, first int64, batch []placedEvent) error {
	if v.misread != nil {
		return nil
	}
	err := v.indexOf(ctx, first, batch)
	if IsDifference(err) {
		v.misread, err = err, nil
	}
	return err
}

// indexOf compares the index of the log with a batch of entries, which were recomputed.
func (v *auditVerifier) indexOf(ctx context.Context, first int64, batch []placedEvent) error {
	end := min(first+int64(len(batch)), v.indexed+1)
	if first >= end {
		return nil
	}
	rows, err := v.pool.QueryContext(ctx, `SELECT idx, event_id::text, at, kind, stream, person, role, session, case_id::text FROM log_index
		WHERE idx >= $1 AND idx < $2 ORDER BY idx`, first, end)
	if err != nil {
		return err
	}
	defer rows.Close()
	next, looked, proven := first, casesOf{}, proofsOf{first: first, end: end}
	for rows.Next() {
		var x indexedEvent
		if err := rows.Scan(&x.idx, &x.event, &x.at, &x.kind, &x.stream, &x.person, &x.role, &x.session, &x.caseID); err != nil {
			return err
		}
		if x.idx != next {
			return differs("The index that auditors' pages are read from has no line for entry %d.", next)
		}
		if r := batch[x.idx-first].record; !x.says(r) {
			return differs("The index that auditors' pages are read from says otherwise than entry %d, event %s.", x.idx, r.ID)
		}
		r := batch[x.idx-first].record
		looked.add(x, r)
		proven.add(x.idx, r)
		if err := v.cases.add(x.idx, r); err != nil {
			return err
		}
		next++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if next != end {
		return differs("The index that auditors' pages are read from has no line for entry %d.", next)
	}
	_ = rows.Close() // one connection has the snapshot
	if err := looked.compare(ctx, v); err != nil {
		return err
	}
	return proven.compare(ctx, v)
}

// says tells whether a line is what its entry gives.
func (x indexedEvent) says(r audit.Record) bool {
	return x.event == string(r.ID) && x.at.Equal(r.At) && x.kind == r.Kind && x.stream == r.Stream && x.person == r.Actor.Person && x.role == r.Actor.Role && x.session == r.Actor.Session
}

// casesOf collects of which cases lines are, for one question to the database.
type casesOf struct {
	idx              []int64
	what, rest, said []string
}

var streamOfID = regexp.MustCompile(`^([a-z_]+):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(:|$)`)

// add notes by what the case of a line follows from its event.
func (c *casesOf) add(x indexedEvent, r audit.Record) {
	what, rest := "fact", r.Facts["request"]
	if !uuidForm.MatchString(rest) {
		what, rest = "none", noID
		if m := streamOfID.FindStringSubmatch(x.stream); m != nil {
			what, rest = m[1], m[2]
		}
	}
	c.idx, c.what, c.rest, c.said = append(c.idx, x.idx), append(c.what, what), append(c.rest, rest), append(c.said, x.caseID.String)
}

const noID = "00000000-0000-0000-0000-000000000000"

// compare finds the first line that is said to be of another case than its event. The
// case of a document and of a finding comes later, or is one of several.
func (c *casesOf) compare(ctx context.Context, v *auditVerifier) error {
	if len(c.idx) == 0 {
		return nil
	}
	var wrong sql.NullInt64
	err := v.pool.QueryRowContext(ctx, `SELECT min(x.idx) FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[]) AS x(idx, what, rest, said)
		WHERE CASE WHEN x.what = 'document' THEN x.said <> '' AND NOT EXISTS (SELECT 1 FROM request q WHERE q.document_id = x.rest AND q.id::text = x.said)
			WHEN x.what = 'finding' THEN x.said <> '' AND NOT EXISTS (SELECT 1 FROM finding_ask a WHERE a.finding_id = x.rest AND a.request_id::text = x.said)
			ELSE x.said <> coalesce((CASE x.what
			WHEN 'fact' THEN x.rest WHEN 'request' THEN x.rest WHEN 'risk' THEN x.rest WHEN 'preservation' THEN x.rest WHEN 'source' THEN x.rest
			WHEN 'look' THEN (SELECT q.id FROM request q WHERE q.id = x.rest)
			WHEN 'release' THEN (SELECT r.request_id FROM release r WHERE r.id = x.rest)
			WHEN 'grant' THEN (SELECT g.request_id FROM release_grant g WHERE g.id = x.rest)
			WHEN 'recall' THEN (SELECT l.request_id FROM recall l WHERE l.id = x.rest)
			WHEN 'message' THEN (SELECT m.request_id FROM message m WHERE m.id = x.rest)
			WHEN 'takeover' THEN (SELECT t.request_id FROM takeover t WHERE t.id = x.rest)
			WHEN 'hold' THEN (SELECT h.request_id FROM case_hold h WHERE h.id = x.rest)
			WHEN 'source_silence' THEN (SELECT s.request_id FROM source_silence s WHERE s.id = x.rest) END)::text, '') END`,
		c.idx, c.what, c.rest, c.said).Scan(&wrong)
	if err == nil && wrong.Valid {
		return differs("The index that auditors' pages are read from shows entry %d at another case than its event is of, or at none.", wrong.Int64)
	}
	return err
}
