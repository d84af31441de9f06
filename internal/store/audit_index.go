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
	next, looked := first, casesOf{}
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
		looked.add(x, batch[x.idx-first].record)
		next++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if next != end {
		return differs("The index that auditors' pages are read from has no line for entry %d.", next)
	}
	_ = rows.Close() // one connection has the snapshot
	return looked.compare(ctx, v)
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

// add notes a line whose case follows from its event for good. Of documents and of
// findings it does not: the case comes later, or is one of several.
func (c *casesOf) add(x indexedEvent, r audit.Record) {
	what, rest := "fact", r.Facts["request"]
	if !uuidForm.MatchString(rest) {
		m := streamOfID.FindStringSubmatch(x.stream)
		if m == nil || m[1] == "document" || m[1] == "finding" {
			return
		}
		what, rest = m[1], m[2]
	}
	c.idx, c.what, c.rest, c.said = append(c.idx, x.idx), append(c.what, what), append(c.rest, rest), append(c.said, x.caseID.String)
}

// compare finds the first line that is said to be of another case than its event.
func (c *casesOf) compare(ctx context.Context, v *auditVerifier) error {
	if len(c.idx) == 0 {
		return nil
	}
	var wrong sql.NullInt64
	err := v.pool.QueryRowContext(ctx, `SELECT min(x.idx) FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[]) AS x(idx, what, rest, said)
		WHERE x.said <> coalesce((CASE x.what
			WHEN 'fact' THEN x.rest WHEN 'request' THEN x.rest WHEN 'risk' THEN x.rest WHEN 'preservation' THEN x.rest WHEN 'source' THEN x.rest
			WHEN 'look' THEN (SELECT q.id FROM request q WHERE q.id = x.rest)
			WHEN 'release' THEN (SELECT r.request_id FROM release r WHERE r.id = x.rest)
			WHEN 'grant' THEN (SELECT g.request_id FROM release_grant g WHERE g.id = x.rest)
			WHEN 'recall' THEN (SELECT l.request_id FROM recall l WHERE l.id = x.rest)
			WHEN 'message' THEN (SELECT m.request_id FROM message m WHERE m.id = x.rest)
			WHEN 'takeover' THEN (SELECT t.request_id FROM takeover t WHERE t.id = x.rest)
			WHEN 'hold' THEN (SELECT h.request_id FROM case_hold h WHERE h.id = x.rest) END)::text, '')`,
		c.idx, c.what, c.rest, c.said).Scan(&wrong)
	if err == nil && wrong.Valid {
		return differs("The index that auditors' pages are read from shows entry %d at another case than its event is of, or at none.", wrong.Int64)
	}
	return err
}

// indexTables compares what the index adds up with its lines, which are compared with
// the entries: the marks that a line alone decides, who acted in which role, and who had
// which part in a case.
func (v *auditVerifier) indexTables(ctx context.Context) error {
	if v.indexed < 0 || v.misread != nil {
		return v.misread
	}
	for _, x := range indexSums {
		var wrong sql.NullString
		if err := v.pool.QueryRowContext(ctx, x.query).Scan(&wrong); err != nil && err != sql.ErrNoRows {
			return err
		}
		if wrong.Valid {
			return differs(x.says, wrong.String)
		}
	}
	return nil
}

// indexSums are questions of which each gives the first thing that differs, or nothing.
var indexSums = []struct{ query, says string }{
	{`SELECT coalesce(h.person, x.person) || ' as ' || coalesce(h.role, x.role) FROM log_holder h
		FULL JOIN (SELECT person, role, min(idx) AS f, max(idx) AS l, count(*) AS n FROM log_index WHERE person <> '' GROUP BY person, role) x ON x.person = h.person AND x.role = h.role
		WHERE (h.first_idx, h.last_idx, h.events) IS DISTINCT FROM (x.f, x.l, x.n) ORDER BY 1 LIMIT 1`,
		"The report on the separation of duties says otherwise than the log when %s acted."},
	{`SELECT coalesce(d.case_id, x.case_id) || ', ' || coalesce(d.duty, x.duty) FROM (SELECT * FROM log_duty WHERE duty <> 'confirm') d
		FULL JOIN (SELECT case_id, person, duty, min(idx) AS idx FROM (SELECT case_id, person, idx, ` + dutyOfLine + ` AS duty FROM log_index WHERE case_id IS NOT NULL AND person <> '') y
			WHERE duty IS NOT NULL GROUP BY case_id, person, duty) x ON x.case_id = d.case_id AND x.person = d.person AND x.duty = d.duty
		WHERE d.idx IS DISTINCT FROM x.idx ORDER BY 1 LIMIT 1`,
		"Who had which part in case %s, as the separation of duties is judged by, is not what the log says."},
	{`SELECT coalesce(c.case_id, x.case_id) FROM log_case c
		FULL JOIN (SELECT case_id, min(idx) FILTER (WHERE kind IN ('request.submit', 'request.cosign')) AS submitted,
			coalesce((array_agg(person ORDER BY idx DESC) FILTER (WHERE kind = 'request.claim'))[1], '-') AS reviewer
			FROM log_index WHERE case_id IS NOT NULL AND (stream LIKE 'request:%' OR kind = 'risk.stated') GROUP BY case_id) x ON x.case_id = c.case_id
		WHERE (c.case_id IS NULL, c.submitted, c.reviewer) IS DISTINCT FROM (false, x.submitted, x.reviewer) ORDER BY 1 LIMIT 1`,
		"Samples are drawn from a list that says otherwise than the log of case %s."},
	{`SELECT cases FROM log_total WHERE cases <> (SELECT count(*) FROM log_case)`, "The number of cases that the separation of duties was judged over, %s, is not that of the log."},
	{`SELECT i.idx FROM log_index i CROSS JOIN LATERAL (VALUES ` + marksOfLine + `) AS m (mark, must, may)
		WHERE m.must AND NOT EXISTS (SELECT 1 FROM log_mark k WHERE k.mark = m.mark AND k.idx = i.idx) ORDER BY i.idx LIMIT 1`,
		"Entry %s has lost its mark, by which the auditors' query library finds it."},
	{`SELECT i.idx FROM log_mark k JOIN log_index i ON i.idx = k.idx CROSS JOIN LATERAL (VALUES ` + marksOfLine + `) AS m (mark, must, may)
		WHERE m.mark = k.mark AND NOT m.may ORDER BY i.idx LIMIT 1`,
		"Entry %s has a mark in the auditors' query library that is not its own."},
	{`SELECT k.idx FROM log_mark k LEFT JOIN log_index i ON i.idx = k.idx
		WHERE i.idx IS NULL OR k.case_id IS DISTINCT FROM i.case_id OR k.person <> i.person ORDER BY k.idx LIMIT 1`,
		"A mark that the auditors' query library is read from says otherwise than entry %s."},
}

// marksOfLine has the conditions of index_marks that hold for good, whatever was indexed
// together: when a mark has to be there, and when it may be. Administrative acts became
// more with later versions, and older lines stay as they were marked.
const marksOfLine = `('administrative', i.kind ~ '^(person|passkey|key|policy|settings|agency|unit)\.' AND i.kind !~ '\.(viewed|statement_made|statement_downloaded)$', administrative(i.kind)),
	` + "('refused_attempt', " + refusedLine + ", " + refusedLine + "), ('self_approval', " + selfLine + ", " + selfLine + "), ('containment', " + containedLine + ", " + containedLine + `),
	` + "('off_hours', " + offHoursLine + ", " + offHoursLine + "), ('view_no_case', " + noCaseLine + ", " + noCaseLine + "), ('quick_release', " + quickLine + ", " + quickLine + `),
	` + "('view_unassigned', " + unassignedLine + ", " + unassignedLine + ")"

const (
	refusedLine   = `i.kind = 'attempt.refused'`
	selfLine      = refusedLine + ` AND coalesce((SELECT convert_from(e.entry, 'UTF8')::jsonb -> 'facts' ->> 'self' = 'yes' FROM audit.event e WHERE e.id = i.event_id), false)`
	containedLine = `(i.kind LIKE 'containment.%' AND i.kind <> 'containment.viewed' OR i.kind IN ('person.contained', 'agency.contained', 'case.held'))`
	offHoursLine  = `i.role IN ('reviewer', 'counsel', 'confirmer', 'approver', 'registrar', 'administrator') AND i.kind NOT LIKE 'session.%'
		AND (extract(isodow FROM i.at AT TIME ZONE 'UTC') > 5 OR extract(hour FROM i.at AT TIME ZONE 'UTC') NOT BETWEEN 6 AND 19)`
	noCaseLine     = `(i.kind LIKE '%.viewed' OR i.kind LIKE '%.listed') AND i.case_id IS NULL AND i.role IN ('reviewer', 'counsel', 'approver', 'registrar', 'administrator')`
	quickLine      = `i.kind = 'release.approved' AND EXISTS (SELECT 1 FROM log_case c WHERE c.case_id = i.case_id AND i.at - c.submitted_at < interval '30 minutes')`
	unassignedLine = `i.kind IN ('request.viewed', 'document.viewed', 'release.viewed') AND i.role IN ('reviewer', 'counsel', 'approver') AND i.case_id IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM log_duty d WHERE d.case_id = i.case_id AND d.person = i.person)`
)

// dutyOfLine is the part in a case that index_duties takes from a line of the index.
const dutyOfLine = `CASE WHEN kind IN ('request.submit', 'request.propose') THEN 'ask'
	WHEN kind = 'request.cosign' THEN 'cosign'
	WHEN kind LIKE 'request.%' AND role = 'reviewer' AND kind NOT IN ('request.viewed') THEN 'review'
	WHEN kind LIKE 'request.%' AND role = 'counsel' AND kind NOT IN ('request.viewed') THEN 'counsel'
	WHEN kind = 'release.approved' AND role = 'approver' THEN 'approve' END`
