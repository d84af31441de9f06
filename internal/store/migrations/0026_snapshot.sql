-- The snapshot of a preservation: what the account data held of each target when
-- its preservation began, sealed under a key of its own. The bytes are in the file
-- store; here are the wrapped key, and a digest of contents that begin with random
-- bytes. A row and a file look the same whether or not there is such an account.
--
-- What the database itself holds, whoever writes:
--   * a snapshot is begun for a target of a preservation that runs, once;
--   * what it holds is said once, and its key does not change;
--   * its key is emptied when nothing needs it any more, and no earlier, and does
--     not come back; nothing of a case under a legal hold is emptied;
--   * one agency has a limited number of preservations that run;
--   * a released record that comes from a snapshot says when that was taken.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE TABLE snapshot (
    id              uuid PRIMARY KEY,
    request_id      uuid NOT NULL,
    target_id       uuid NOT NULL UNIQUE,
    agency_id       uuid NOT NULL,
    state           text NOT NULL CHECK (state IN ('begun', 'taken', 'erased', 'gone')),
    wrapped_key     text NOT NULL, -- base64; empty once erased
    begun_at        timestamptz NOT NULL,
    taken_at        timestamptz,
    contents_sha256 text NOT NULL CHECK (contents_sha256 = '' OR contents_sha256 ~ '^[0-9a-f]{64}$'),
    counts_sha256   text NOT NULL CHECK (counts_sha256 = '' OR counts_sha256 ~ '^[0-9a-f]{64}$'),
    erased_at       timestamptz,
    version         bigint NOT NULL CHECK (version > 0),
    event_id        uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    FOREIGN KEY (target_id, request_id) REFERENCES target (id, request_id),
    CHECK ((taken_at IS NULL) = (contents_sha256 = '') AND (contents_sha256 = '') = (counts_sha256 = '')),
    CHECK (state <> 'begun' OR taken_at IS NULL),
    CHECK (state <> 'taken' OR taken_at IS NOT NULL),
    CHECK ((state IN ('begun', 'taken')) = (wrapped_key <> '')),
    CHECK ((state IN ('begun', 'taken')) = (erased_at IS NULL))
);
CREATE INDEX snapshot_of ON snapshot (request_id) WHERE state <> 'gone';

-- How many preservations of one agency run at a time.
CREATE FUNCTION max_preserved() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 500 $$;

-- +goose StatementBegin
-- Whether the snapshots of a preservation are needed: while it runs, and while an
-- order that draws on it is not answered.
-- LAW: Regulation (EU) 2023/1543 Art. 11(2).
CREATE FUNCTION snapshot_needed(preservation uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM request q WHERE q.id = preservation AND q.state = 'preserved')
        OR EXISTS (SELECT 1 FROM request_link l JOIN request q ON q.id = l.request_id WHERE l.follows_id = preservation AND l.kind = 'kept'
                   AND q.state IN ('submitted', 'in_review', 'needs_information', 'qualified', 'awaiting_confirmation', 'confirmed', 'legal_conflict'))
        OR EXISTS (SELECT 1 FROM legal_hold h WHERE h.request_id = preservation AND h.state <> 'lifted')
$$;

CREATE FUNCTION check_snapshot() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'wrapped_key', 'taken_at', 'contents_sha256', 'counts_sha256', 'erased_at', 'version', 'event_id'];
BEGIN
    -- Locked, so that a preservation that ends, or a hold placed meanwhile, comes before or after.
    PERFORM 1 FROM request q WHERE q.id = NEW.request_id FOR UPDATE;
    IF TG_OP = 'INSERT' THEN
        IF NEW.version <> 1 OR NEW.state <> 'begun' THEN
            RAISE EXCEPTION 'snapshot %: it begins empty', NEW.id;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM request q JOIN preservation k ON k.request_id = q.id WHERE q.id = NEW.request_id AND q.state = 'preserved') THEN
            RAISE EXCEPTION 'snapshot %: nothing is kept for its case', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'snapshot %: how it began does not change', NEW.id;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('begun', 'taken'), ('begun', 'erased'), ('taken', 'erased'), ('erased', 'gone')) THEN
        RAISE EXCEPTION 'snapshot %: no step leads from % to %', NEW.id, OLD.state, NEW.state;
    END IF;
    IF NEW.state = 'taken' AND NEW.wrapped_key <> OLD.wrapped_key THEN
        RAISE EXCEPTION 'snapshot %: its key does not change', NEW.id;
    END IF;
    IF NEW.state <> 'taken' AND (NEW.taken_at, NEW.contents_sha256, NEW.counts_sha256) IS DISTINCT FROM (OLD.taken_at, OLD.contents_sha256, OLD.counts_sha256)
       OR OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at THEN
        RAISE EXCEPTION 'snapshot %: what it held does not change', NEW.id;
    END IF;
    IF NEW.state = 'erased' AND snapshot_needed(NEW.request_id) THEN
        RAISE EXCEPTION 'snapshot %: it is still needed', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_preserved_count() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('preserved ' || NEW.agency_id, 0));
    IF (SELECT count(*) FROM request q WHERE q.agency_id = NEW.agency_id AND q.state = 'preserved') >= max_preserved() THEN
        RAISE EXCEPTION 'preservation %: too many of its agency run', NEW.request_id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON snapshot FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_snapshot();
ALTER TABLE snapshot ENABLE ALWAYS TRIGGER check_step;
CREATE TRIGGER check_count BEFORE INSERT ON preservation FOR EACH ROW EXECUTE FUNCTION check_preserved_count();
ALTER TABLE preservation ENABLE ALWAYS TRIGGER check_count;

SELECT audit.guard_table('public.snapshot');
ALTER TABLE snapshot ENABLE ROW LEVEL SECURITY;
CREATE POLICY keepers ON snapshot TO lerd_app USING (lerd_scope() IN ('system', 'auditor')) WITH CHECK (lerd_scope() = 'system');
CREATE POLICY all_to_auditor ON snapshot FOR SELECT TO lerd_auditor USING (true);
GRANT SELECT, INSERT ON snapshot TO lerd_app;
GRANT UPDATE (state, wrapped_key, taken_at, contents_sha256, counts_sha256, erased_at, version, event_id) ON snapshot TO lerd_app;
GRANT SELECT ON snapshot TO lerd_auditor;
GRANT EXECUTE ON FUNCTION snapshot_needed(uuid) TO lerd_app;

-- When a record was kept that the account data no longer had; empty of one that
-- was read for the release itself.
ALTER TABLE release_record ADD COLUMN preserved_at timestamptz;

-- +goose StatementBegin
-- A record that says that it was kept is of a snapshot of the same agency, taken
-- at that time.
CREATE FUNCTION check_preserved_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added a JOIN release r ON r.id = a.release_id WHERE a.preserved_at IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM snapshot s WHERE s.agency_id = r.agency_id AND s.state = 'taken' AND s.taken_at = a.preserved_at)) THEN
        RAISE EXCEPTION 'a record says that it was kept, and no snapshot of its agency was taken then';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_preserved_record AFTER INSERT ON release_record REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_preserved_record();
ALTER TABLE release_record ENABLE ALWAYS TRIGGER check_preserved_record;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
