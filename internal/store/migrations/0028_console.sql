-- The auditors' lists, once more: a notice to a user is late by what the log itself
-- says, and not by a word that somebody would have to write into the event.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
-- late_notice tells whether a user was first told more than a day after nothing kept
-- lerd from it: the law's own delay was over, and so was every order to be silent.
CREATE FUNCTION late_notice(kind text, facts jsonb, of_case uuid, at timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF kind <> 'user_notice.sent' OR facts ->> 'attempt' <> '1' OR coalesce(facts ->> 'not_before', '') = '' THEN
        RETURN false;
    END IF;
    RETURN at > greatest((facts ->> 'not_before')::timestamptz, (SELECT max(CASE WHEN g.ended_why = 'expired' THEN g.ends_at ELSE g.ended_at END) FROM gag g WHERE g.request_id = of_case)) + interval '1 day';
END $$;

CREATE OR REPLACE FUNCTION index_marks() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO log_mark (mark, idx, case_id, person)
    SELECT m.mark, f.idx, f.case_id, f.person
    FROM log_fresh f CROSS JOIN LATERAL (VALUES
        ('administrative', administrative(f.kind)),
        ('self_approval', f.kind = 'attempt.refused' AND f.facts ->> 'self' = 'yes'),
        ('refused_attempt', f.kind = 'attempt.refused'),
        ('containment', f.kind LIKE 'containment.%' AND f.kind <> 'containment.viewed' OR f.kind IN ('person.contained', 'agency.contained', 'case.held')),
        ('zone_correction', f.kind = 'recall.proposed' AND EXISTS (SELECT 1 FROM recall r WHERE 'recall:' || r.id = f.stream AND r.reason = 'wrong_period')
             OR EXISTS (SELECT 1 FROM check_answer a WHERE a.event_id = f.event_id AND a.check_id IN ('VC-11', 'VC-23') AND a.result IN ('fail', 'needs_info'))),
        ('dev_proof', f.facts ? 'assertion' AND EXISTS (SELECT 1 FROM assertion a WHERE a.id::text = f.facts ->> 'assertion' AND a.method = 'development')),
        ('off_hours', f.role IN ('reviewer', 'counsel', 'confirmer', 'approver', 'registrar', 'administrator') AND f.kind NOT LIKE 'session.%'
             AND (extract(isodow FROM f.at AT TIME ZONE 'UTC') > 5 OR extract(hour FROM f.at AT TIME ZONE 'UTC') NOT BETWEEN 6 AND 19)),
        ('quick_release', f.kind = 'release.approved' AND EXISTS (SELECT 1 FROM log_case c WHERE c.case_id = f.case_id AND f.at - c.submitted_at < interval '30 minutes')),
        ('late', f.kind IN ('request.refuse', 'request.answered', 'request.export', 'request.settle_conflict')
             AND EXISTS (SELECT 1 FROM request q WHERE q.id = f.case_id AND q.effect_by < f.at)
             OR late_notice(f.kind, f.facts, f.case_id, f.at)),
        ('view_unassigned', f.kind IN ('request.viewed', 'document.viewed', 'release.viewed') AND f.role IN ('reviewer', 'counsel', 'approver') AND f.case_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM log_duty d WHERE d.case_id = f.case_id AND d.person = f.person)),
        ('view_no_case', (f.kind LIKE '%.viewed' OR f.kind LIKE '%.listed') AND f.case_id IS NULL AND f.role IN ('reviewer', 'counsel', 'approver', 'registrar', 'administrator')),
        ('two_duties', f.case_id IS NOT NULL AND (SELECT count(*) FROM log_duty d WHERE d.case_id = f.case_id AND d.person = f.person AND d.duty <> 'cosign') > 1)
    ) AS m (mark, holds)
    WHERE m.holds
    ON CONFLICT DO NOTHING;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION late_notice(text, jsonb, uuid, timestamptz) FROM PUBLIC;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
