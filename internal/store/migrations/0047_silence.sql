-- Since when the account data do not answer for a case that waits for them. Auditors
-- read it as events; the rows remember what was told, also after a restart.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE TABLE source_silence (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL REFERENCES request,
    op          text NOT NULL CHECK (op IN ('system', 'resolve', 'summary', 'phones', 'sessions')),
    since       timestamptz NOT NULL,
    answered_at timestamptz CHECK (answered_at >= since),
    version     bigint NOT NULL CHECK (version > 0),
    event_id    uuid NOT NULL
);
CREATE INDEX source_silence_of ON source_silence (request_id);
CREATE UNIQUE INDEX source_silence_one ON source_silence (request_id, op) WHERE answered_at IS NULL;

-- +goose StatementBegin
-- A silence begins, and ends once.
CREATE FUNCTION check_source_silence() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['answered_at', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.version <> 1 OR NEW.answered_at IS NOT NULL THEN
            RAISE EXCEPTION 'silence %: it begins without an end', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 OR OLD.answered_at IS NOT NULL OR NEW.answered_at IS NULL OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'silence %: it ends once, and nothing else of it changes', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- As before, with silences of the account data.
CREATE OR REPLACE FUNCTION case_of_stream(stream text, facts jsonb) RETURNS uuid LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    what text := split_part(stream, ':', 1);
    rest text := split_part(stream, ':', 2);
    found uuid;
BEGIN
    IF facts ->> 'request' ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
        RETURN (facts ->> 'request')::uuid;
    END IF;
    IF rest !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
        RETURN NULL;
    END IF;
    CASE what
        WHEN 'request', 'risk', 'preservation', 'source' THEN RETURN rest::uuid;
        WHEN 'look' THEN SELECT id INTO found FROM request WHERE id = rest::uuid;
        WHEN 'release' THEN SELECT request_id INTO found FROM release WHERE id = rest::uuid;
        WHEN 'finding' THEN SELECT request_id INTO found FROM finding_ask WHERE finding_id = rest::uuid ORDER BY id LIMIT 1;
        WHEN 'grant' THEN SELECT request_id INTO found FROM release_grant WHERE id = rest::uuid;
        WHEN 'recall' THEN SELECT request_id INTO found FROM recall WHERE id = rest::uuid;
        WHEN 'message' THEN SELECT request_id INTO found FROM message WHERE id = rest::uuid;
        WHEN 'takeover' THEN SELECT request_id INTO found FROM takeover WHERE id = rest::uuid;
        WHEN 'document' THEN SELECT id INTO found FROM request WHERE document_id = rest::uuid ORDER BY id LIMIT 1;
        WHEN 'hold' THEN SELECT request_id INTO found FROM case_hold WHERE id = rest::uuid;
        WHEN 'source_silence' THEN SELECT request_id INTO found FROM source_silence WHERE id = rest::uuid;
        ELSE RETURN NULL;
    END CASE;
    RETURN found;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON source_silence FOR EACH ROW EXECUTE FUNCTION check_source_silence();
ALTER TABLE source_silence ENABLE ALWAYS TRIGGER check_step;

SELECT audit.guard_table('public.source_silence');
ALTER TABLE source_silence ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_system ON source_silence TO lerd_app USING (lerd_scope() IN ('system', 'auditor')) WITH CHECK (lerd_scope() = 'system');
CREATE POLICY all_to_auditor ON source_silence FOR SELECT TO lerd_auditor USING (true);
GRANT SELECT, INSERT ON source_silence TO lerd_app;
GRANT UPDATE (answered_at, version, event_id) ON source_silence TO lerd_app;
GRANT SELECT ON source_silence TO lerd_auditor;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
