-- What auditors' pages ask for at each look, in databases of a million cases.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- How many cases the index of the log knows: counting them reads all of them.
CREATE TABLE log_total (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cases    bigint  NOT NULL
);
INSERT INTO log_total (cases) SELECT count(*) FROM log_case;
ALTER TABLE log_total ENABLE ROW LEVEL SECURITY;
CREATE POLICY auditors ON log_total TO lerd_app USING (lerd_scope() IN ('auditor', 'system')) WITH CHECK (lerd_scope() IN ('auditor', 'system'));
CREATE POLICY all_to_auditor ON log_total FOR SELECT TO lerd_auditor USING (true);
GRANT SELECT ON log_total TO lerd_app, lerd_auditor;

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
           coalesce(j.v -> 'actor' ->> 'session', ''), coalesce(j.v -> 'facts', '{}'::jsonb), case_of_stream(e.stream, coalesce(j.v -> 'facts', '{}'::jsonb))
    FROM audit.leaf l JOIN audit.event e ON e.id = l.event_id CROSS JOIN LATERAL (SELECT convert_from(e.entry, 'UTF8')::jsonb AS v OFFSET 0) j
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

-- The newest cases of each agency of a country, by keys alone.
CREATE INDEX request_agency_newest ON request (agency_id, received_at DESC, id DESC);
DROP INDEX request_agency;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
