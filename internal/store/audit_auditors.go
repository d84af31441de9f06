package store

import (
	"context"
	"strings"

	"lerd/internal/audit"
)

// auditorWatch is what the log says about auditors: in which sessions they acted.
// An evaluation's sessions prove nothing and are left out by the caller.
type auditorWatch map[string]string // session to person

// saw takes note of who acted as an auditor.
func (w auditorWatch) saw(r audit.Record) {
	if r.Actor.Role == "auditor" && r.Actor.Session != "" {
		w[r.Actor.Session] = r.Actor.Person
	}
}

// The rules about auditors once more, over what stands in the tables: whoever
// switches the database's own rules off for a moment leaves rows that no step of
// lerd's could have left. Nothing of the database's own functions is used. Each
// query gives a sentence for each row that is as it should not be.
var auditorRules = []string{
	`SELECT format('the auditor %s has another role now', i.person_id) FROM invitation i JOIN person p ON p.id = i.person_id WHERE i.role = 'auditor' AND p.role <> 'auditor'`,

	`SELECT format('the account of auditor %s is open, and nobody confirmed it since it was closed', p.id) FROM person p WHERE p.role = 'auditor' AND p.active
		AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = p.id AND i.state = 'confirmed'
			AND NOT EXISTS (SELECT 1 FROM account_change c WHERE c.person_id = p.id AND c.state = 'done' AND c.decided_at >= i.confirmed_at))`,

	`SELECT format('the account of auditor %s was closed, and no two auditors decided it', p.id) FROM person p WHERE p.role = 'auditor' AND NOT p.active AND p.version > 1
		AND NOT EXISTS (SELECT 1 FROM account_change c WHERE c.person_id = p.id AND c.state = 'done'
			AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = p.id AND i.state = 'confirmed' AND i.confirmed_at >= c.decided_at))`,

	`SELECT format('the end of auditor %s was not decided by two other auditors with their passkeys', c.person_id) FROM account_change c WHERE c.state = 'done' AND c.what <> 'lead' AND (
		c.decided_by = c.proposed_by OR c.person_id IN (c.decided_by, c.proposed_by)
		OR EXISTS (SELECT 1 FROM person p WHERE p.id IN (c.proposed_by, c.decided_by) AND p.role <> 'auditor')
		OR NOT EXISTS (SELECT 1 FROM assertion a WHERE a.person_id = c.decided_by AND a.purpose = 'account' AND a.event_id = c.event_id)
		OR NOT EXISTS (SELECT 1 FROM assertion a JOIN audit.event e ON e.id = a.event_id WHERE a.person_id = c.proposed_by AND a.purpose = 'account' AND e.stream = 'person:' || c.person_id AND e.kind = 'person.suspension_proposed'))`,

	`SELECT format('auditor %s was not brought in by two auditors with their passkeys, nor twice by the server', i.person_id) FROM invitation i WHERE i.role = 'auditor' AND i.state = 'confirmed' AND (
		(i.invited_by IS NULL) <> (i.confirmed_by IS NULL) OR i.invited_by = i.confirmed_by
		OR EXISTS (SELECT 1 FROM person p WHERE p.id IN (i.invited_by, i.confirmed_by) AND p.role <> 'auditor')
		OR i.confirmed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM assertion a WHERE a.person_id = i.confirmed_by AND a.purpose = 'invite' AND a.event_id = i.event_id)
		OR i.invited_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM assertion a JOIN audit.event e ON e.id = a.event_id WHERE a.person_id = i.invited_by AND a.purpose = 'invite' AND e.stream = 'person:' || i.person_id AND e.kind = 'person.invited'))`,

	`SELECT format('the server brought in %s auditors, which it does for the first two only', count(DISTINCT i.person_id)) FROM invitation i WHERE i.role = 'auditor' AND i.state = 'confirmed' AND i.confirmed_by IS NULL HAVING count(DISTINCT i.person_id) > 2`,

	`SELECT format('passkey %s of auditor %s came by no invitation and without the auditor''s word', k.id, p.id) FROM passkey k JOIN person p ON p.id = k.person_id WHERE p.role = 'auditor'
		AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.passkey_id = k.id AND i.person_id = p.id)
		AND NOT EXISTS (SELECT 1 FROM assertion a WHERE a.person_id = p.id AND a.purpose = 'account' AND k.created_at <= a.at + interval '10 minutes'
			AND a.digest = sha256(sha256('add passkey'::bytea) || sha256(convert_to(p.id::text, 'UTF8')))
			AND replace(k.id::text, '-', '') = encode(set_byte(set_byte(substring(sha256(convert_to('lerd passkey ' || a.id::text, 'UTF8')) FOR 16),
				6, (get_byte(sha256(convert_to('lerd passkey ' || a.id::text, 'UTF8')), 6) & 15) | 128),
				8, (get_byte(sha256(convert_to('lerd passkey ' || a.id::text, 'UTF8')), 8) & 63) | 128), 'hex'))`,

	`SELECT format('passkey %s of auditor %s was taken away without a word of the auditor''s or of two others', k.id, p.id) FROM passkey k JOIN person p ON p.id = k.person_id WHERE p.role = 'auditor' AND k.removed_at IS NOT NULL
		AND NOT EXISTS (SELECT 1 FROM assertion a WHERE a.person_id = p.id AND a.purpose = 'account' AND a.event_id = k.event_id)
		AND NOT EXISTS (SELECT 1 FROM account_change c WHERE c.person_id = p.id AND c.state = 'done' AND c.decided_at <= k.removed_at)
		AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.passkey_id = k.id AND i.state = 'cancelled')`,

	`SELECT format('auditor %s can be signed in by the company''s provider', p.id) FROM provider_account l JOIN person p ON p.id = l.person_id WHERE p.role = 'auditor' AND l.removed_at IS NULL`,

	`SELECT format('passkey %s answered one challenge twice', a.passkey_id) FROM assertion a WHERE a.passkey_id IS NOT NULL GROUP BY a.passkey_id, a.nonce HAVING count(*) > 1`,
}

// auditors compares what stands about auditors with the rules about them. In an
// evaluation people are invented and sign in without passkeys.
func (v *auditVerifier) auditors(ctx context.Context) error {
	if v.check.LogOnly || v.report.Evaluation {
		return nil
	}
	for _, rule := range auditorRules {
		found, err := (guardCheck{ctx: ctx, pool: v.pool}).column(rule + ` ORDER BY 1 LIMIT 1`)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return differs("AUDITORS: %s.", found[0])
		}
	}
	return v.auditorSessions(ctx)
}

// auditorSessions looks for the passkey's answer with which each session of an
// auditor began.
func (v *auditVerifier) auditorSessions(ctx context.Context) error {
	began, err := (guardCheck{ctx: ctx, pool: v.pool}).column(`SELECT split_part(e.stream, ':', 2) || ' ' || a.person_id FROM assertion a JOIN audit.event e ON e.id = a.event_id
		JOIN person p ON p.id = a.person_id WHERE a.purpose = 'sign_in' AND a.method = 'passkey' AND p.role = 'auditor' AND e.stream LIKE 'session:%'`)
	if err != nil {
		return err
	}
	known := auditorWatch{}
	for _, b := range began {
		session, person, _ := strings.Cut(b, " ")
		known[session] = person
	}
	for session, person := range v.watch {
		if known[session] != person {
			return differs("AUDITORS: somebody acted as auditor %s in session %s, for which the auditor's passkey did not sign in.", person, session)
		}
	}
	return nil
}
