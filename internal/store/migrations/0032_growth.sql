-- What a page or a round reads must not grow with what lies in the database.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- id_in gives the id in the name of a stream, or NULL: so that a row is found by its
-- key, where comparing names would read the whole table for each event.
CREATE FUNCTION id_in(stream text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN split_part(stream, ':', 2) ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN split_part(stream, ':', 2)::uuid END
$$;

-- +goose StatementBegin
-- As in 0024, but for how rows of findings, recalls, answers and assertions are found.
CREATE OR REPLACE FUNCTION index_duties() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO log_holder AS h (person, role, first_idx, last_idx, first_at, last_at, events)
    SELECT person, role, min(idx), max(idx), min(at), max(at), count(*) FROM log_fresh WHERE person <> '' GROUP BY person, role
    ON CONFLICT (person, role) DO UPDATE SET last_idx = greatest(h.last_idx, EXCLUDED.last_idx), last_at = greatest(h.last_at, EXCLUDED.last_at), events = h.events + EXCLUDED.events;

    INSERT INTO log_duty (case_id, person, duty, idx)
    SELECT case_id, person, duty, min(idx) FROM (
        SELECT f.case_id, f.person, f.idx,
               CASE WHEN f.kind IN ('request.submit', 'request.propose') THEN 'ask'
                    WHEN f.kind = 'request.cosign' THEN 'cosign'
                    WHEN f.kind LIKE 'request.%' AND f.role = 'reviewer' AND f.kind NOT IN ('request.viewed') THEN 'review'
                    WHEN f.kind LIKE 'request.%' AND f.role = 'counsel' AND f.kind NOT IN ('request.viewed') THEN 'counsel'
                    WHEN f.kind = 'release.approved' AND f.role = 'approver' THEN 'approve' END AS duty
        FROM log_fresh f WHERE f.case_id IS NOT NULL
        UNION ALL
        SELECT a.request_id, f.person, f.idx, 'confirm'
        FROM log_fresh f JOIN finding_ask a ON a.finding_id = id_in(f.stream)
        WHERE f.stream LIKE 'finding:%' AND f.role = 'confirmer' AND f.kind NOT LIKE '%.viewed') d
    WHERE duty IS NOT NULL AND person <> '' GROUP BY case_id, person, duty
    ON CONFLICT DO NOTHING;

    -- who came to have a part in a case had a reason to look at it before
    DELETE FROM log_mark m USING log_fresh f
    WHERE m.mark = 'view_unassigned' AND m.case_id = f.case_id AND m.person = f.person
      AND EXISTS (SELECT 1 FROM log_duty d WHERE d.case_id = m.case_id AND d.person = m.person);

    INSERT INTO log_viewed AS v (month, account_id, views)
    SELECT date_trunc('month', f.at AT TIME ZONE 'UTC')::date, t.account_id, count(*)
    FROM log_fresh f JOIN target t ON t.request_id = f.case_id
    WHERE f.kind IN ('request.viewed', 'document.viewed', 'release.viewed') AND f.role NOT IN ('officer', 'auditor', 'system') AND t.account_id IS NOT NULL
    GROUP BY 1, 2
    ON CONFLICT (month, account_id) DO UPDATE SET views = v.views + EXCLUDED.views;
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
        ('zone_correction', f.kind = 'recall.proposed' AND EXISTS (SELECT 1 FROM recall r WHERE r.id = id_in(f.stream) AND r.reason = 'wrong_period')
             OR EXISTS (SELECT 1 FROM check_answer a WHERE a.request_id = f.case_id AND a.event_id = f.event_id AND a.check_id IN ('VC-11', 'VC-23') AND a.result IN ('fail', 'needs_info'))),
        ('dev_proof', f.facts ? 'assertion' AND EXISTS (SELECT 1 FROM assertion a WHERE a.id = id_in(':' || (f.facts ->> 'assertion')) AND a.method = 'development')),
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

-- +goose StatementBegin
-- answered_as gives the last answered requests under a legal basis or of an issuer, the
-- last first. lower() may not be asked before row-level security has been, so that who
-- is under it would read every request; what may be seen of these ids it still decides.
CREATE FUNCTION answered_as(statute text, court text, process text, agency text, ended text, most integer) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN QUERY EXECUTE $q$SELECT q.id FROM request q WHERE q.closed_at IS NOT NULL AND q.state <> 'redrafted'$q$
        || CASE WHEN statute <> '' THEN ' AND lower(q.legal_basis) = lower($1)' ELSE '' END
        || CASE WHEN court <> '' THEN ' AND lower(q.issuer_name) = lower($2)' ELSE '' END
        || CASE WHEN process <> '' THEN ' AND q.process_id = $3' ELSE '' END
        || CASE WHEN agency <> '' THEN ' AND q.agency_id = $4::uuid' ELSE '' END
        || CASE WHEN ended <> '' THEN ' AND q.state = $5' ELSE '' END
        || ' ORDER BY q.closed_at DESC LIMIT $6' USING statute, court, process, agency, ended, most;
END $$;

-- prints_sharing gives the documents whose text shares a band with another's; which of
-- them are told of, row-level security decides.
CREATE FUNCTION prints_sharing(bands text) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.id FROM document_print p WHERE string_to_array(p.bands, ' ') && string_to_array(prints_sharing.bands, ' ')
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION answered_as(text, text, text, text, text, integer), prints_sharing(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION answered_as(text, text, text, text, text, integer), prints_sharing(text) TO lerd_app;

-- The case of an account that was looked at often, and findings by their age.
CREATE INDEX target_account ON target (account_id, request_id) WHERE account_id IS NOT NULL;
-- All cases in the order of the queue, for the auditors' list.
CREATE INDEX request_by_due ON request (emergency DESC, effect_by, received_at, id);
CREATE INDEX finding_by_age ON finding (state, opened_at, id);

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
