package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"lerd/internal/audit"
)

// indexTables compares what the index adds up with its lines, which are compared with the
// entries, and with rows that the log speaks for: the marks, who acted in which role, who
// had which part in a case, and how often accounts were looked at.
func (v *auditVerifier) indexTables(ctx context.Context) error {
	if v.indexed < 0 || v.misread != nil {
		return v.misread
	}
	if err := v.cases.compare(ctx, v.pool); err != nil {
		return err
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

// indexSums are questions of which each gives the first thing that differs, or nothing. The
// first of all lines is asked for by min: an order with a limit would have the lines read
// one by one in their order.
//
// The index was written batch by batch and saw the rows as they were then. What may have
// been different since is bounded from both sides: what had to be there, and what may be.
var indexSums = []struct{ query, says string }{
	{`SELECT coalesce(h.person, x.person) || ' as ' || coalesce(h.role, x.role) FROM log_holder h
		FULL JOIN (SELECT person, role, min(idx) AS f, max(idx) AS l, min(at) AS fa, max(at) AS la, count(*) AS n FROM log_index WHERE person <> '' GROUP BY person, role) x
			ON x.person = h.person AND x.role = h.role
		WHERE (h.first_idx, h.last_idx, h.last_at, h.events) IS DISTINCT FROM (x.f, x.l, x.la, x.n) OR h.first_at NOT BETWEEN x.fa AND x.la ORDER BY 1 LIMIT 1`,
		"The report on the separation of duties says otherwise than the log when %s acted."},
	{`SELECT coalesce(d.case_id, x.case_id) || ', ' || coalesce(d.duty, x.duty) FROM (SELECT * FROM log_duty WHERE duty <> 'confirm') d
		FULL JOIN (SELECT case_id, person, duty, min(idx) AS idx FROM (SELECT case_id, person, idx, ` + dutyOfLine + ` AS duty FROM log_index WHERE case_id IS NOT NULL AND person <> '') y
			WHERE duty IS NOT NULL GROUP BY case_id, person, duty) x ON x.case_id = d.case_id AND x.person = d.person AND x.duty = d.duty
		WHERE d.idx IS DISTINCT FROM x.idx ORDER BY 1 LIMIT 1`, otherPart},
	{`SELECT d.case_id || ', confirm' FROM log_duty d WHERE d.duty = 'confirm' AND NOT EXISTS (SELECT 1 FROM log_index i JOIN finding_ask a ON a.finding_id = id_in(i.stream)
		WHERE i.idx = d.idx AND i.person = d.person AND a.request_id = d.case_id AND ` + confirmLine + `) ORDER BY 1 LIMIT 1`, otherPart},
	{`SELECT x.request_id || ', confirm' FROM (SELECT a.request_id, i.person, min(i.idx) AS idx FROM log_index i JOIN finding_ask a ON a.finding_id = id_in(i.stream)
			JOIN audit.leaf l ON l.event_id = a.event_id WHERE l.index < i.idx AND i.person <> '' AND ` + confirmLine + ` GROUP BY a.request_id, i.person) x
		WHERE NOT EXISTS (SELECT 1 FROM log_duty d WHERE d.case_id = x.request_id AND d.person = x.person AND d.duty = 'confirm' AND d.idx <= x.idx) ORDER BY 1 LIMIT 1`, otherPart},
	{`SELECT cases FROM log_total WHERE cases <> (SELECT count(*) FROM log_case)`, "The number of cases that the separation of duties was judged over, %s, is not that of the log."},
	{lostMarks(), markLost},
	{`SELECT min(i.idx) FROM (SELECT case_id, person, (array_agg(idx ORDER BY idx))[2] AS since FROM log_duty WHERE duty <> 'cosign' GROUP BY case_id, person HAVING count(*) > 1) d
		JOIN log_index i ON i.case_id = d.case_id AND i.person = d.person AND i.idx >= d.since
		WHERE NOT EXISTS (SELECT 1 FROM log_mark k WHERE k.mark = 'two_duties' AND k.idx = i.idx)`, markLost},
	{`SELECT min(i.idx) FROM check_answer a JOIN audit.leaf l ON l.event_id = a.event_id JOIN log_index i ON i.idx = l.index AND i.case_id = a.request_id
		WHERE ` + zoneAnswer + ` AND NOT EXISTS (SELECT 1 FROM log_mark k WHERE k.mark = 'zone_correction' AND k.idx = i.idx)`, markLost},
	{`SELECT min(k.idx) FROM log_mark k LEFT JOIN log_index i ON i.idx = k.idx
		WHERE i.idx IS NULL OR k.case_id IS DISTINCT FROM i.case_id OR k.person <> i.person`,
		"A mark that the auditors' query library is read from says otherwise than entry %s."},
	{inventedMarks(), markInvented},
	{looksSum, "How often account %s was looked at in a month, as auditors read it, is not what the log says."},
}

const (
	otherPart    = "Who had which part in case %s, as the separation of duties is judged by, is not what the log says."
	markLost     = "Entry %s has lost its mark, by which the auditors' query library finds it."
	markInvented = "Entry %s has a mark in the auditors' query library that is not its own."
)

// marksOfLine has the conditions of index_marks: when a mark has to be there, and when it
// may be. Administrative acts became more with later versions, and older lines stay as
// they were marked. What has to be there of two parts and of answers about times is asked
// for by itself, as few lines have it, and proofs by their entries (proofsOf).
var marksOfLine = []struct{ mark, must, may string }{
	{"administrative", `i.kind ~ '^(person|passkey|key|policy|settings|agency|unit)\.' AND i.kind !~ '\.(viewed|statement_made|statement_downloaded)$'`, `administrative(i.kind)`},
	{"refused_attempt", refusedLine, refusedLine},
	{"self_approval", selfLine, selfLine},
	{"containment", containedLine, containedLine},
	{"off_hours", offHoursLine, offHoursLine},
	{"view_no_case", noCaseLine, noCaseLine},
	{"quick_release", quickLine, quickLine},
	{"view_unassigned", unassignedLine, unassignedLine},
	{"late", lateLine + " OR " + lateNotice, lateLine + " OR " + mayBeLateNotice},
	{"zone_correction", zoneRecall, zoneRecall + " OR " + mayBeZoneAnswer},
	{"two_duties", "false", twoDuties},
	{"dev_proof", "false", "true"},
}

func lostMarks() string {
	var lost []string
	for _, m := range marksOfLine {
		lost = append(lost, fmt.Sprintf("(%s) AND NOT EXISTS (SELECT 1 FROM log_mark k WHERE k.mark = '%s' AND k.idx = i.idx)", m.must, m.mark))
	}
	return "SELECT min(i.idx) FROM log_index i WHERE " + strings.Join(lost, "\n		OR ")
}

func inventedMarks() string {
	own := "CASE k.mark"
	for _, m := range marksOfLine {
		own += fmt.Sprintf("\n		WHEN '%s' THEN %s", m.mark, m.may)
	}
	return "SELECT min(i.idx) FROM log_mark k JOIN log_index i ON i.idx = k.idx WHERE (" + own + " END) IS NOT TRUE"
}

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

	// After these steps no step moves the deadline any more.
	lateLine = `i.kind IN ('request.refuse', 'request.answered', 'request.export', 'request.settle_conflict')
		AND EXISTS (SELECT 1 FROM request q WHERE q.id = i.case_id AND q.effect_by < i.at)`
	// An order to be silent that came to its end after the index was written moves the
	// time at which a notice is late, and none moves it back.
	lateNotice      = noticeAfter + `) silent))`
	mayBeLateNotice = noticeAfter + ` AND EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = g.event_id AND l.index < i.idx)) silent))`
	noticeAfter     = `(i.kind = 'user_notice.sent' AND (SELECT f.v ->> 'attempt' = '1' AND coalesce(f.v ->> 'not_before', '') <> ''
			AND i.at > greatest(nullif(f.v ->> 'not_before', '')::timestamptz, silent.until) + interval '1 day'
		FROM (SELECT coalesce(convert_from(o.value, 'UTF8')::jsonb, '{}') || coalesce(convert_from(e.entry, 'UTF8')::jsonb -> 'facts', '{}') AS v
			FROM audit.event e LEFT JOIN audit.opening o ON o.event_id = e.id AND o.name = 'facts' WHERE e.id = i.event_id OFFSET 0) f
		CROSS JOIN LATERAL (SELECT max(CASE WHEN g.ended_why = 'expired' THEN g.ends_at ELSE g.ended_at END) AS until FROM gag g WHERE g.request_id = i.case_id`

	zoneRecall = `i.kind = 'recall.proposed' AND EXISTS (SELECT 1 FROM recall r WHERE r.id = id_in(i.stream) AND r.reason = 'wrong_period')`
	zoneAnswer = `a.check_id IN ('VC-11', 'VC-23') AND a.result IN ('fail', 'needs_info')`
	// An erasure makes an answer its own event's; that it was given at that time stays.
	mayBeZoneAnswer = `EXISTS (SELECT 1 FROM check_answer a WHERE a.request_id = i.case_id AND ` + zoneAnswer + ` AND (a.event_id = i.event_id OR a.at = i.at
		AND EXISTS (SELECT 1 FROM audit.event e WHERE e.id = a.event_id AND e.kind = 'erasure.made')))`
	twoDuties = `i.case_id IS NOT NULL AND (SELECT count(*) FROM log_duty d WHERE d.case_id = i.case_id AND d.person = i.person AND d.duty <> 'cosign') > 1`

	confirmLine = `i.role = 'confirmer' AND i.stream LIKE 'finding:%' AND i.kind NOT LIKE '%.viewed'`
)

// dutyOfLine is the part in a case that index_duties takes from a line of the index.
const dutyOfLine = `CASE WHEN kind IN ('request.submit', 'request.propose') THEN 'ask'
	WHEN kind = 'request.cosign' THEN 'cosign'
	WHEN kind LIKE 'request.%' AND role = 'reviewer' AND kind NOT IN ('request.viewed') THEN 'review'
	WHEN kind LIKE 'request.%' AND role = 'counsel' AND kind NOT IN ('request.viewed') THEN 'counsel'
	WHEN kind = 'release.approved' AND role = 'approver' THEN 'approve' END`

// looksSum compares how often accounts were looked at. A reviewer's claim finds the
// account of a target, and nothing else changes it: looks after the last claim have to be
// counted, those before it may be another account's, and after an erasure nobody knows
// whose they were. Months go whole, and not in the first two after them.
const looksSum = `WITH look AS (
		SELECT date_trunc('month', i.at AT TIME ZONE 'UTC')::date AS month, t.account_id AS account,
			coalesce(i.idx > c.idx, f.index < i.idx, false) AND (t.account_id IS NOT NULL OR e.kind <> 'erasure.made') AS settled
		FROM log_index i JOIN target t ON t.request_id = i.case_id JOIN audit.event e ON e.id = t.event_id LEFT JOIN audit.leaf f ON f.event_id = t.event_id
		LEFT JOIN (SELECT case_id, max(idx) AS idx FROM log_index WHERE kind = 'request.claim' GROUP BY case_id) c ON c.case_id = i.case_id
		WHERE i.kind IN ('request.viewed', 'document.viewed', 'release.viewed') AND i.role NOT IN ('officer', 'auditor', 'system'))
	SELECT coalesce(v.account_id, l.account)
	FROM log_viewed v FULL JOIN (SELECT month, account, count(*) AS n FROM look WHERE settled AND account IS NOT NULL GROUP BY month, account) l ON l.month = v.month AND l.account = v.account_id
	LEFT JOIN (SELECT month, count(*) AS n FROM look WHERE NOT settled GROUP BY month) u ON u.month = coalesce(v.month, l.month)
	WHERE v.views > coalesce(l.n, 0) + coalesce(u.n, 0)
		OR coalesce(v.views, 0) < l.n AND (l.month + 61 > clock_timestamp() OR EXISTS (SELECT 1 FROM log_viewed o WHERE o.month = l.month))
	ORDER BY 1 LIMIT 1`

// proofsOf collects the assertions that entries name, for one question to the database.
type proofsOf struct {
	first, end int64
	idx        []int64
	assertion  []string
}

func (p *proofsOf) add(idx int64, r audit.Record) {
	if id := strings.ToLower(r.Facts["assertion"]); uuidForm.MatchString(id) {
		p.idx, p.assertion = append(p.idx, idx), append(p.assertion, id)
	}
}

// compare finds the first line whose mark says otherwise than its assertion, whether it
// was given without a passkey.
func (p *proofsOf) compare(ctx context.Context, v *auditVerifier) error {
	var idx sql.NullInt64
	var lost bool
	err := v.pool.QueryRowContext(ctx, `SELECT coalesce(k.idx, x.idx), k.idx IS NULL
		FROM (SELECT u.idx FROM unnest($1::bigint[], $2::uuid[]) AS u(idx, id) JOIN assertion a ON a.id = u.id WHERE a.method = 'development') x
		FULL JOIN (SELECT k.idx FROM log_mark k WHERE k.mark = 'dev_proof' AND k.idx >= $3 AND k.idx < $4) k ON k.idx = x.idx
		WHERE k.idx IS NULL OR x.idx IS NULL ORDER BY 1 LIMIT 1`, p.idx, p.assertion, p.first, p.end).Scan(&idx, &lost)
	switch {
	case err == sql.ErrNoRows:
		return nil
	case err != nil:
		return err
	case lost:
		return differs(markLost, strconv.FormatInt(idx.Int64, 10))
	}
	return differs(markInvented, strconv.FormatInt(idx.Int64, 10))
}
