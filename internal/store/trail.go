package store

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/requests"
)

const selectTrail = `SELECT e.entry, coalesce(l.index, -1), coalesce(p.pseudonym, ''), o.salt, o.value
FROM audit.event e
LEFT JOIN audit.opening o ON o.event_id = e.id AND o.name = 'facts'
LEFT JOIN audit.leaf l ON l.event_id = e.id
LEFT JOIN person p ON p.id = (SELECT CASE WHEN a.person ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN a.person::uuid END
	FROM (SELECT convert_from(e.entry, 'UTF8')::jsonb -> 'actor' ->> 'person' AS person) a)
`

// CaseEvents gives every event of a case and of all that belongs to it (caseStreams),
// in the log's order. Looks are found by the range of their streams' names, which the index on (stream, version)
// serves.
func (s *Store) CaseEvents(ctx context.Context, c requests.Case) (list []requests.TrailEvent, err error) {
	defer fault.Wrap(&err, "store.CaseEvents(%s)", c.Request.ID)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		streams, looks, err := streamsOf(tx, c)
		if err != nil {
			return err
		}
		list, err = readTrail(ctx, tx, selectTrail+`WHERE e.id IN (SELECT x.id FROM audit.event x WHERE x.stream = ANY($1)
			UNION ALL SELECT x.id FROM unnest($2::text[]) AS look, LATERAL (SELECT id FROM audit.event WHERE stream >= look || ':' AND stream < look || ';') x)
			ORDER BY l.index NULLS LAST, e.recorded_at, e.id`, streams, looks)
		return err
	})
	return list, err
}

// SubmissionEvent gives the event by which a request was submitted, or NotFound.
func (s *Store) SubmissionEvent(ctx context.Context, id requests.ID) (ev requests.TrailEvent, err error) {
	defer fault.Wrap(&err, "store.SubmissionEvent(%s)", id)
	return s.oneEvent(ctx, submissionOf, requests.StreamOf(id))
}

// submissionOf finds the event by which the request of a stream was submitted.
const submissionOf = "WHERE e.stream = $1 AND e.kind IN ('request.submit', 'request.cosign')"

// ReleaseEvent gives the event by which a release, or the copy that it stands
// for, left, or NotFound.
func (s *Store) ReleaseEvent(ctx context.Context, rel requests.Release) (ev requests.TrailEvent, err error) {
	defer fault.Wrap(&err, "store.ReleaseEvent(%s)", rel.ID)
	stream := requests.StreamOfRelease(rel.ID)
	if rel.Copy != nil {
		stream = "copy:" + rel.Copy.ID
	}
	return s.oneEvent(ctx, "WHERE e.stream = $1 AND e.kind = 'export.released'", stream)
}

// Event gives one event, or NotFound.
func (s *Store) Event(ctx context.Context, id audit.EventID) (ev requests.TrailEvent, err error) {
	defer fault.Wrap(&err, "store.Event(%s)", id)
	return s.oneEvent(ctx, "WHERE e.id = $1", string(id))
}

func (s *Store) oneEvent(ctx context.Context, where, arg string) (ev requests.TrailEvent, err error) {
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err := readTrail(ctx, tx, selectTrail+where, arg)
		if err == nil && len(list) == 0 {
			err = sql.ErrNoRows
		}
		if err == nil {
			ev = list[0]
		}
		return err
	})
	return ev, err
}

// Recent gives the newest placed events, the newest first.
func (s *Store) Recent(ctx context.Context, limit int) (list []requests.TrailEvent, err error) {
	defer fault.Wrap(&err, "store.Recent")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		if err := byKeys(tx); err != nil {
			return err
		}
		list, err = readTrail(ctx, tx, selectTrail+"WHERE e.id IN (SELECT event_id FROM audit.leaf ORDER BY index DESC LIMIT $1) ORDER BY l.index DESC", limit)
		return err
	})
	return list, err
}

func readTrail(ctx context.Context, tx *gorm.DB, query string, args ...any) (list []requests.TrailEvent, err error) {
	rows, err := tx.Statement.ConnPool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var ev requests.TrailEvent
		var entry, salt, value []byte
		if err := rows.Scan(&entry, &ev.Index, &ev.Actor, &salt, &value); err != nil {
			return nil, err
		}
		if ev.Record, ev.Opening, err = opened(entry, salt, value); err != nil {
			return nil, err
		}
		if ev.Entry = entry; ev.Actor == "" {
			ev.Actor = ev.Record.Actor.Person
		}
		list = append(list, ev)
	}
	return list, rows.Err()
}

// opened reads an entry, and its closed facts with the opening that is kept of them. An
// opening that is not of this entry opens nothing: what it says is shown to nobody, and
// the verification names it.
func opened(entry, salt, value []byte) (r audit.Record, o audit.ValueOpening, err error) {
	if r, err = audit.ParseEntry(entry); err != nil || len(salt) != len(o.Salt) {
		return r, o, err
	}
	o = audit.ValueOpening{Salt: audit.Salt(salt), Value: value}
	if r.Open(o) != nil {
		return r, audit.ValueOpening{}, nil
	}
	return r, o, nil
}
