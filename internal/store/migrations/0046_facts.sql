-- Country, process, urgency and the like of a case stand in the log as a commitment;
-- what opens them lies beside what opens the counts, and the index of the log reads it.

-- +goose Up

SET LOCAL ROLE lerd_owner;

ALTER TABLE audit.opening ADD COLUMN name text NOT NULL DEFAULT 'count' CHECK (name IN ('count', 'facts'));
ALTER TABLE audit.opening ALTER COLUMN name DROP DEFAULT;
ALTER TABLE audit.opening DROP CONSTRAINT opening_pkey;
ALTER TABLE audit.opening ADD PRIMARY KEY (event_id, name);
GRANT INSERT (name) ON audit.opening TO lerd_app;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION administrative(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT kind ~ '^(person|passkey|invitation|key|policy|settings|agency|unit|provider|process|retention)\.' AND kind !~ '\.(viewed|statement_made|statement_downloaded)$'
        OR kind IN ('notice.address_set', 'report.openings_given', 'log.openings_given')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION index_log(most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    first bigint;
    last  bigint;
    fresh bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('lerd index of the log', 0)) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(max(i.idx) + 1, 0) INTO first FROM log_index i;
    SELECT coalesce(max(l.index), -1) INTO last FROM audit.leaf l;
    last := least(last, first + greatest(1, least(most, 20000)) - 1);
    IF last < first THEN
        RETURN 0;
    END IF;
    DELETE FROM log_fresh;
    INSERT INTO log_fresh
    SELECT l.index, e.id, e.stream, e.kind, (j.v ->> 'at')::timestamptz, coalesce(j.v -> 'actor' ->> 'person', ''), coalesce(j.v -> 'actor' ->> 'role', ''),
           coalesce(j.v -> 'actor' ->> 'session', ''), j.facts, case_of_stream(e.stream, j.facts)
    FROM audit.leaf l JOIN audit.event e ON e.id = l.event_id LEFT JOIN audit.opening o ON o.event_id = e.id AND o.name = 'facts'
         -- what stands in clear is signed: an opening adds to it and replaces nothing
         CROSS JOIN LATERAL (SELECT x.v, coalesce(convert_from(o.value, 'UTF8')::jsonb, '{}'::jsonb) || coalesce(x.v -> 'facts', '{}'::jsonb) AS facts
                             FROM (SELECT convert_from(e.entry, 'UTF8')::jsonb AS v OFFSET 0) x OFFSET 0) j
    WHERE l.index BETWEEN first AND last;
    INSERT INTO log_index (idx, event_id, at, kind, stream, person, role, session, case_id)
    SELECT idx, event_id, at, kind, stream, person, role, session, case_id FROM log_fresh;
    PERFORM index_duties();
    -- whom index_cases is about to meet for the first time
    SELECT count(DISTINCT f.case_id) INTO fresh FROM log_fresh f
    WHERE f.case_id IS NOT NULL AND (f.stream LIKE 'request:%' OR f.kind = 'risk.stated') AND NOT EXISTS (SELECT 1 FROM log_case c WHERE c.case_id = f.case_id);
    PERFORM index_cases();
    UPDATE log_total SET cases = cases + fresh;
    PERFORM index_marks();
    DELETE FROM log_fresh;
    RETURN last - first + 1;
END $$;
-- +goose StatementEnd

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
