-- What public figures are counted from, and the reports that were made of them.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- Opens the one value of an event that is counted: codes and numbers, with the
-- salt of that field alone. It lies apart from the payload, so that the figures
-- can be recomputed after the payload was erased, and opens nothing else.
CREATE TABLE audit.opening (
    event_id uuid  PRIMARY KEY,
    salt     bytea NOT NULL CHECK (octet_length(salt) = 32),
    value    bytea NOT NULL CHECK (octet_length(value) BETWEEN 2 AND 4096)
);
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.opening FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
ALTER TABLE audit.opening ENABLE ALWAYS TRIGGER audit_append_only;
GRANT SELECT ON audit.opening TO lerd_app, lerd_auditor;
GRANT INSERT (event_id, salt, value) ON audit.opening TO lerd_app;

-- A report as it was computed, and whether it was published. Its files lie in the
-- file store; the digest is that of report.json, and the signed note beside it names the digest of each file.
CREATE TABLE transparency_report (
    id           uuid PRIMARY KEY,
    period       text NOT NULL CHECK (period ~ '^[0-9]{4}(Q[1-4])?$'),
    edition      integer NOT NULL CHECK (edition >= 1),
    state        text NOT NULL CHECK (state IN ('proposed', 'published', 'dropped')),
    log_size     bigint NOT NULL CHECK (log_size >= 0),
    log_root     text NOT NULL CHECK (log_root <> ''),
    digest       text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    replaces     text NOT NULL CHECK (replaces ~ '^([0-9a-f]{64})?$'),
    why          text NOT NULL,
    computed_at  timestamptz NOT NULL,
    published_at timestamptz,
    published_by uuid REFERENCES person,
    version      bigint NOT NULL CHECK (version > 0),
    event_id     uuid NOT NULL,
    CHECK ((state = 'published') = (published_at IS NOT NULL)),
    CHECK ((state = 'published') = (published_by IS NOT NULL)),
    CHECK ((edition > 1) = (replaces <> '')),
    CHECK ((edition > 1) = (why <> ''))
);
CREATE UNIQUE INDEX transparency_published ON transparency_report (period, edition) WHERE state = 'published';
CREATE UNIQUE INDEX transparency_proposed ON transparency_report (period) WHERE state = 'proposed';
SELECT audit.guard_table('public.transparency_report');

-- +goose StatementBegin
-- A proposal is published or dropped, once; nothing else of it changes, and of what
-- is published nothing at all. An edition follows the one that it replaces.
CREATE FUNCTION check_transparency_report() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'published_at', 'published_by', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' OR NEW.version <> 1 THEN
            RAISE EXCEPTION 'report %: it is proposed before it is published', NEW.id;
        END IF;
    ELSIF OLD.state <> 'proposed' OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'report %: what was decided about it stands', NEW.id;
    END IF;
    IF NEW.edition <> 1 + coalesce((SELECT max(r.edition) FROM transparency_report r WHERE r.period = NEW.period AND r.state = 'published' AND r.id <> NEW.id), 0)
       AND NEW.state <> 'dropped' THEN
        RAISE EXCEPTION 'report %: edition % does not follow the last one', NEW.id, NEW.edition;
    END IF;
    IF NEW.edition > 1 AND NEW.state <> 'dropped'
       AND NEW.replaces IS DISTINCT FROM (SELECT r.digest FROM transparency_report r WHERE r.period = NEW.period AND r.state = 'published' AND r.edition = NEW.edition - 1) THEN
        RAISE EXCEPTION 'report %: it names another edition than the one that it replaces', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_report_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'published' THEN
        PERFORM check_step_up('report ' || NEW.id, NEW.published_by, 'publish_report', digest_of('lerd report v1', NEW.period, NEW.edition::text, NEW.digest), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON transparency_report FOR EACH ROW EXECUTE FUNCTION check_transparency_report();
ALTER TABLE transparency_report ENABLE ALWAYS TRIGGER check_step;
CREATE CONSTRAINT TRIGGER step_up AFTER UPDATE ON transparency_report DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_report_agreed();
ALTER TABLE transparency_report ENABLE ALWAYS TRIGGER step_up;

ALTER TABLE transparency_report ENABLE ROW LEVEL SECURITY;
CREATE POLICY published ON transparency_report FOR SELECT TO lerd_app USING (state = 'published' OR lerd_scope() IN ('counsel', 'auditor', 'system'));
CREATE POLICY all_to_auditor ON transparency_report FOR SELECT TO lerd_auditor USING (true);
CREATE POLICY writes ON transparency_report FOR INSERT TO lerd_app WITH CHECK (lerd_scope() = 'system');
CREATE POLICY moves ON transparency_report FOR UPDATE TO lerd_app USING (lerd_scope() IN ('counsel', 'system')) WITH CHECK (lerd_scope() IN ('counsel', 'system'));
GRANT SELECT ON transparency_report TO lerd_app, lerd_auditor;
GRANT INSERT ON transparency_report TO lerd_app;
GRANT UPDATE (state, published_at, published_by, version, event_id) ON transparency_report TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
