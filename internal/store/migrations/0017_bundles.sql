-- A bundle is sealed for one recipient. The release's own is of its first grant;
-- each later grant has a copy of the same records, sealed for it anew.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE TABLE release_copy (
    id               uuid PRIMARY KEY,
    grant_id         uuid NOT NULL UNIQUE,
    release_id       uuid NOT NULL,
    request_id       uuid NOT NULL,
    agency_id        uuid NOT NULL,
    officer_id       uuid NOT NULL,
    ordinal          integer NOT NULL CHECK (ordinal > 1),
    state            text NOT NULL CHECK (state IN ('ordered', 'intended', 'sealed', 'exported')),
    ordered_at       timestamptz NOT NULL,
    attempt          integer NOT NULL CHECK (attempt >= 0),
    profile          text NOT NULL CHECK (profile IN ('', 'cms-gcm', 'cms-cbc', 'age')),
    sealing_event    uuid UNIQUE,
    contents_sha256  text NOT NULL CHECK (contents_sha256 ~ '^([0-9a-f]{64})?$'),
    container_sha256 text NOT NULL CHECK (container_sha256 ~ '^([0-9a-f]{64})?$'),
    encrypted_sha256 text NOT NULL CHECK (encrypted_sha256 ~ '^([0-9a-f]{64})?$'),
    exported_at      timestamptz,
    version          bigint NOT NULL CHECK (version > 0),
    event_id         uuid NOT NULL,
    UNIQUE (release_id, ordinal),
    FOREIGN KEY (grant_id, release_id, officer_id) REFERENCES release_grant (id, release_id, officer_id),
    FOREIGN KEY (release_id, request_id, agency_id) REFERENCES release (id, request_id, agency_id),
    CHECK ((state = 'ordered') = (sealing_event IS NULL)),
    CHECK ((state IN ('sealed', 'exported')) = (contents_sha256 <> '')),
    CHECK ((state = 'exported') = (container_sha256 <> '' AND encrypted_sha256 <> '' AND exported_at IS NOT NULL))
);
CREATE INDEX release_copy_request ON release_copy (request_id);
CREATE INDEX release_copy_due ON release_copy (ordered_at) WHERE state <> 'exported';

-- +goose StatementBegin
-- A copy is ordered for an open grant of a bundle that is out, goes step by step,
-- and what was settled does not change.
CREATE FUNCTION check_copy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'attempt', 'profile', 'sealing_event', 'contents_sha256', 'container_sha256', 'encrypted_sha256', 'exported_at', 'version', 'event_id'];
    steps CONSTANT text[] := ARRAY['ordered', 'intended', 'sealed', 'exported'];
    was integer;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'ordered' OR NEW.version <> 1 OR NEW.ordinal <> 2 + (SELECT count(*) FROM release_copy o WHERE o.release_id = NEW.release_id) THEN
            RAISE EXCEPTION 'copy %: it is ordered first, and each follows the one before', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    was := array_position(steps, OLD.state);
    IF NEW.version <> OLD.version + 1 OR OLD.state = 'exported' OR array_position(steps, NEW.state) NOT IN (was, was + 1)
       OR OLD.state = 'ordered' AND NEW.state = 'ordered' THEN
        RAISE EXCEPTION 'copy %: % does not follow %', NEW.id, NEW.state, OLD.state;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress
       OR OLD.sealing_event IS NOT NULL AND (NEW.sealing_event, NEW.profile) IS DISTINCT FROM (OLD.sealing_event, OLD.profile)
       OR OLD.contents_sha256 <> '' AND NEW.contents_sha256 <> OLD.contents_sha256 THEN
        RAISE EXCEPTION 'copy %: what was settled does not change', NEW.id;
    END IF;
    PERFORM 1 FROM release_grant g JOIN release r ON r.id = g.release_id WHERE g.id = NEW.grant_id AND g.ended = '' AND r.state = 'exported' FOR SHARE OF r;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'copy %: its grant has ended, or the bundle was called back', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit. Every grant but the first has a copy of its own.
CREATE FUNCTION check_copy_ordered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.ordinal > 1 AND NOT EXISTS (SELECT 1 FROM release_copy c WHERE c.grant_id = NEW.id) THEN
        RAISE EXCEPTION 'grant %: no copy was ordered for it', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- The file that is delivered under a grant: its own copy, or the release's where
-- it has none; NULL while the copy is made.
CREATE FUNCTION file_of_grant(grant_of uuid, release_of uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN c.id IS NULL THEN r.encrypted_sha256 WHEN c.state = 'exported' THEN c.encrypted_sha256 END
    FROM release r LEFT JOIN release_copy c ON c.grant_id = grant_of WHERE r.id = release_of
$$;

-- As in 0011, with the file of the grant, and: nobody downloads in their pause.
CREATE OR REPLACE FUNCTION check_download_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_step_up('receipt ' || NEW.id, NEW.officer_id, 'download',
        digest_of('lerd download v1', NEW.release_id::text, file_of_grant(NEW.grant_id, NEW.release_id)), NEW.event_id);
    PERFORM check_now(NEW.begun_at, 'receipt');
    IF EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.officer_id AND p.download_from > NEW.begun_at) THEN
        RAISE EXCEPTION 'receipt %: its officer came back and does not download yet', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- As in 0006, with the file of the grant.
CREATE OR REPLACE FUNCTION check_receipt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'ended_at', 'bytes', 'sha256', 'version', 'event_id'];
    g record;
BEGIN
    SELECT * INTO g FROM release_grant WHERE id = NEW.grant_id;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'begun' OR NEW.version <> 1 OR NEW.bytes <> 0 OR NEW.sha256 <> '' THEN
            RAISE EXCEPTION 'receipt %: a download begins with nothing delivered', NEW.id;
        END IF;
        IF g.ended <> '' OR NEW.begun_at < g.from_at OR NEW.begun_at >= g.until_at OR NEW.ordinal <> g.begun + 1 THEN
            RAISE EXCEPTION 'receipt %: the grant has ended', NEW.id;
        END IF;
        IF file_of_grant(NEW.grant_id, NEW.release_id) IS NULL THEN
            RAISE EXCEPTION 'receipt %: the copy for its grant is not made yet', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 OR OLD.state <> 'begun' OR NEW.state = 'begun' THEN
        RAISE EXCEPTION 'receipt %: a download ends once', NEW.id;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'receipt %: how a download began does not change', NEW.id;
    END IF;
    IF NEW.state = 'delivered' AND NEW.sha256 IS DISTINCT FROM file_of_grant(NEW.grant_id, NEW.release_id) THEN
        RAISE EXCEPTION 'receipt %: what was sent is not the bundle', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON release_copy FOR EACH ROW EXECUTE FUNCTION check_copy();
ALTER TABLE release_copy ENABLE ALWAYS TRIGGER check_step;
CREATE CONSTRAINT TRIGGER ordered_copy AFTER INSERT ON release_grant DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_copy_ordered();
ALTER TABLE release_grant ENABLE ALWAYS TRIGGER ordered_copy;

SELECT audit.guard_table('public.release_copy');

ALTER TABLE release_copy ENABLE ROW LEVEL SECURITY;
CREATE POLICY case_of_agency ON release_copy TO lerd_app USING (may_see_case(agency_id)) WITH CHECK (may_see_case(agency_id) AND lerd_scope() <> 'auditor');
CREATE POLICY all_to_auditor ON release_copy FOR SELECT TO lerd_auditor USING (true);

GRANT SELECT ON release_copy TO lerd_app, lerd_auditor;
GRANT INSERT ON release_copy TO lerd_app;
GRANT UPDATE (state, attempt, profile, sealing_event, contents_sha256, container_sha256, encrypted_sha256, exported_at, version, event_id) ON release_copy TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
