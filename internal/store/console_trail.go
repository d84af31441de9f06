package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

func textsOf(ids []audit.EventID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}

// Payloads gives what opens the commitments of events; what was erased is absent.
func (c Console) Payloads(ctx context.Context, ids []audit.EventID) (out map[audit.EventID]audit.Payload, err error) {
	defer fault.Wrap(&err, "store.Payloads")
	out = map[audit.EventID]audit.Payload{}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		rows, err := tx.Statement.ConnPool.QueryContext(ctx, "SELECT event_id::text, body FROM audit.payload WHERE event_id = ANY($1::uuid[])", textsOf(ids))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var body []byte
			if err := rows.Scan(&id, &body); err != nil {
				return err
			}
			if p, err := audit.ParsePayload(body); err == nil {
				out[audit.EventID(id)] = p
			}
		}
		return rows.Err()
	})
	return out, err
}

// NextInSession gives what the session of each look did next, and whether it ended
// then.
func (c Console) NextInSession(ctx context.Context, events []requests.TrailEvent) (out map[audit.EventID]oversight.SessionNext, err error) {
	defer fault.Wrap(&err, "store.NextInSession")
	if err := c.catchUp(ctx); err != nil {
		return nil, err
	}
	out = map[audit.EventID]oversight.SessionNext{}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		for _, ev := range events {
			if ev.Record.Actor.Session == "" || ev.Index < 0 {
				continue
			}
			var next struct {
				At   time.Time
				Kind string
			}
			// a session's own events, and its end, which is an event of its own stream
			err := tx.Raw(`SELECT at, kind FROM (
				(SELECT at, kind, idx FROM log_index WHERE session = @session AND idx > @idx ORDER BY idx LIMIT 1)
				UNION ALL (SELECT i.at, i.kind, i.idx FROM audit.event e JOIN log_index i ON i.idx = (SELECT l.index FROM audit.leaf l WHERE l.event_id = e.id) WHERE e.stream = @stream AND e.kind = 'session.ended' AND i.idx > @idx)
				) x ORDER BY idx LIMIT 1`, map[string]any{"session": ev.Record.Actor.Session, "idx": ev.Index, "stream": "session:" + ev.Record.Actor.Session}).Scan(&next).Error
			if err != nil {
				return err
			}
			if !next.At.IsZero() {
				out[ev.Record.ID] = oversight.SessionNext{At: next.At.UTC(), Ended: next.Kind == "session.ended"}
			}
		}
		return nil
	})
	return out, err
}

// HadPart tells whether a person took an earlier step on what an id names: a case,
// or an event stream of that id.
func (c Console) HadPart(ctx context.Context, person identity.PersonID, object string) (had bool, err error) {
	defer fault.Wrap(&err, "store.HadPart")
	if !uuidForm.MatchString(object) {
		return false, nil
	}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT EXISTS (SELECT 1 FROM unnest(ARRAY['request', 'agency', 'person', 'containment', 'release', 'recall', 'finding', 'audit_finding', 'error', 'override', 'echo']) k
			JOIN audit.event e ON e.stream = k || ':' || @object WHERE convert_from(e.entry, 'UTF8')::jsonb -> 'actor' ->> 'person' = @person)`,
			map[string]any{"object": object, "person": string(person)}).Scan(&had).Error
	})
	return had, err
}

// LastSettings gives the settings as the newest event says them.
func (c Console) LastSettings(ctx context.Context) (out map[string]string, err error) {
	defer fault.Wrap(&err, "store.LastSettings")
	out, _, err = c.settingsBefore(ctx, "SELECT e.id::text, p.body FROM audit.event e LEFT JOIN audit.payload p ON p.event_id = e.id WHERE e.stream = 'settings:lerd' ORDER BY e.version DESC LIMIT 1")
	return out, err
}

// PolicyAt gives the access policy that was in force at a place of the log.
func (c Console) PolicyAt(ctx context.Context, index int64) (text, digest string, err error) {
	defer fault.Wrap(&err, "store.PolicyAt(%d)", index)
	if index < 0 {
		index = 1 << 60 // not placed yet: the newest
	}
	settings, id, err := c.settingsBefore(ctx, `SELECT e.id::text, p.body FROM audit.event e JOIN audit.leaf l ON l.event_id = e.id LEFT JOIN audit.payload p ON p.event_id = e.id
		WHERE e.stream = 'settings:lerd' AND l.index <= $1 ORDER BY e.version DESC LIMIT 1`, index)
	if err != nil || id == "" {
		return "", "", err
	}
	ev, err := c.Event(ctx, audit.EventID(id))
	return settings[oversight.PolicySetting], ev.Record.Facts["policy_sha256"], err
}

func (c Console) settingsBefore(ctx context.Context, query string, args ...any) (out map[string]string, id string, err error) {
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		rows, err := tx.Statement.ConnPool.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var body []byte
			if err := rows.Scan(&id, &body); err != nil {
				return err
			}
			out = map[string]string{}
			if p, err := audit.ParsePayload(body); err == nil {
				for _, v := range p.Values {
					if v.New != nil {
						out[v.Name] = string(v.New)
					}
				}
			}
		}
		return rows.Err()
	})
	return out, id, err
}
