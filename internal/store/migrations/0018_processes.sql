-- Versions of legal processes that are proposed and put in force while lerd runs,
-- what the clocks of a case said and when, and objections to demands that only
-- the platform's own gates stop.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE TABLE process_proposal (
    id          uuid PRIMARY KEY,
    process_id  text NOT NULL CHECK (process_id ~ '^[A-Z][A-Za-z0-9-]{1,39}$'),
    number      integer NOT NULL CHECK (number >= 2), -- the first versions come with lerd
    base_digest text NOT NULL CHECK (base_digest ~ '^[0-9a-f]{64}$'),
    digest      text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$' AND digest <> base_digest),
    day         text NOT NULL CHECK (day ~ '^\d{4}-\d{2}-\d{2}$'),
    zone        text NOT NULL CHECK (zone <> ''),
    body        text NOT NULL CHECK (octet_length(body) BETWEEN 1 AND 131072),
    cases       text NOT NULL CHECK (octet_length(cases) BETWEEN 1 AND 131072),
    why         text NOT NULL CHECK (why <> ''),
    proposed_by uuid REFERENCES person,
    proposed_at timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('filed', 'proposed', 'withdrawn', 'in_force')),
    decided_by  uuid REFERENCES person,
    decided_at  timestamptz,
    note        text NOT NULL,
    version     bigint NOT NULL,
    event_id    uuid NOT NULL,
    CHECK (state NOT IN ('proposed', 'in_force') OR proposed_by IS NOT NULL),
    CHECK ((state IN ('withdrawn', 'in_force')) = (decided_by IS NOT NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'in_force' OR decided_by <> proposed_by),
    CHECK ((state = 'withdrawn') = (note <> ''))
);
CREATE INDEX process_proposal_newest ON process_proposal (proposed_at DESC, id);

-- Cases of one process, for the comparison of a change.
CREATE INDEX request_process ON request (process_id, received_at DESC);

CREATE TABLE process_version (
    id          uuid PRIMARY KEY,
    process_id  text NOT NULL,
    number      integer NOT NULL,
    digest      text NOT NULL,
    body_sha256 text NOT NULL CHECK (body_sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
    day         text NOT NULL,
    zone        text NOT NULL,
    body        text NOT NULL,
    cases       text NOT NULL,
    proposal_id uuid NOT NULL UNIQUE REFERENCES process_proposal,
    put_by      uuid NOT NULL REFERENCES person,
    at          timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    UNIQUE (process_id, number)
);

CREATE TABLE clock_alert (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES request,
    agency_id  uuid NOT NULL REFERENCES agency,
    clock      text NOT NULL CHECK (clock IN ('effect', 'clarify', 'examined')),
    alert      text NOT NULL CHECK (alert IN ('warn', 'overdue', 'very_overdue')),
    due_at     timestamptz NOT NULL, -- the deadline that it is about
    turned_at  timestamptz NOT NULL, -- when it became so
    at         timestamptz NOT NULL CHECK (at >= turned_at),
    event_id   uuid NOT NULL,
    UNIQUE (request_id, clock, alert, turned_at)
);

CREATE TABLE objection (
    id             uuid PRIMARY KEY,
    request_id     uuid NOT NULL REFERENCES request,
    agency_id      uuid NOT NULL REFERENCES agency,
    form           text NOT NULL CHECK (form IN ('annex3', 'general')),
    content        text NOT NULL,
    content_sha256 text NOT NULL CHECK (content_sha256 = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
    made_by        uuid NOT NULL REFERENCES person,
    at             timestamptz NOT NULL,
    event_id       uuid NOT NULL
);
CREATE INDEX objection_request ON objection (request_id);

-- +goose StatementBegin
CREATE FUNCTION is_counsel(who uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.active AND p.role = 'counsel')
$$;

-- A proposal is made, taken up where nobody's name stands under it, and ended;
-- what is proposed does not change.
CREATE FUNCTION check_process_proposal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'proposed_by', 'decided_by', 'decided_at', 'note', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('filed', 'proposed') OR (NEW.state = 'filed') <> (NEW.proposed_by IS NULL) OR NEW.version <> 1 OR NOT (NEW.proposed_by IS NULL OR is_counsel(NEW.proposed_by)) THEN
            RAISE EXCEPTION 'proposal %: counsel proposes, or the server files', NEW.id;
        END IF;
        IF NEW.day::date <= (NEW.proposed_at AT TIME ZONE NEW.zone)::date THEN
            RAISE EXCEPTION 'proposal %: it would be in force on a day that is not in the future', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress OR NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'proposal %: what was proposed does not change', NEW.id;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('filed', 'proposed'), ('filed', 'withdrawn'), ('proposed', 'withdrawn'), ('proposed', 'in_force')) THEN
        RAISE EXCEPTION 'proposal %: no step leads from "%" to "%"', NEW.id, OLD.state, NEW.state;
    END IF;
    IF OLD.state = 'filed' AND NEW.state = 'proposed' THEN
        IF NOT is_counsel(NEW.proposed_by) THEN
            RAISE EXCEPTION 'proposal %: counsel takes it up', NEW.id;
        END IF;
    ELSIF NEW.proposed_by IS DISTINCT FROM OLD.proposed_by OR NOT is_counsel(NEW.decided_by) THEN
        RAISE EXCEPTION 'proposal %: counsel decides, and whose it is does not change', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit: a version is a proposal that a second person agreed to in this
-- very step, word for word, upon the version that was the newest, from a later day.
CREATE FUNCTION check_process_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p process_proposal;
BEGIN
    SELECT * INTO p FROM process_proposal WHERE id = NEW.proposal_id;
    IF p.state <> 'in_force' OR p.event_id <> NEW.event_id OR p.decided_by <> NEW.put_by
       OR (NEW.process_id, NEW.number, NEW.digest, NEW.day, NEW.zone, NEW.body, NEW.cases) IS DISTINCT FROM (p.process_id, p.number, p.digest, p.day, p.zone, p.body, p.cases) THEN
        RAISE EXCEPTION 'version % of %: it is not what was proposed and agreed to', NEW.number, NEW.process_id;
    END IF;
    IF NEW.day::date <= (NEW.at AT TIME ZONE NEW.zone)::date THEN
        RAISE EXCEPTION 'version % of %: it would be in force on a day that is not in the future', NEW.number, NEW.process_id;
    END IF;
    IF EXISTS (SELECT 1 FROM process_version v WHERE v.process_id = NEW.process_id AND v.id <> NEW.id AND (v.number >= NEW.number OR v.number = NEW.number - 1 AND v.digest <> p.base_digest)) THEN
        RAISE EXCEPTION 'version % of %: it was not written upon the newest', NEW.number, NEW.process_id;
    END IF;
    PERFORM check_step_up('version ' || NEW.id, NEW.put_by, 'put_in_force',
        digest_of('lerd process v1', p.id::text, p.process_id, p.digest, encode(sha256(convert_to(p.cases, 'UTF8')), 'hex'), p.day), NEW.event_id);
    RETURN NULL;
END $$;

-- Runs at commit: nothing is in force that has no version.
CREATE FUNCTION check_proposal_in_force() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'in_force' AND NOT EXISTS (SELECT 1 FROM process_version v WHERE v.proposal_id = NEW.id) THEN
        RAISE EXCEPTION 'proposal %: it was put in force and there is no version', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_objection() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT is_counsel(NEW.made_by) OR NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.agency_id = NEW.agency_id AND q.state = 'refused' AND q.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'objection %: counsel objects by refusing the demand', NEW.id;
    END IF;
    PERFORM check_step_up('objection ' || NEW.id, NEW.made_by, 'object', digest_of('lerd objection v1', NEW.request_id::text, NEW.content_sha256), NEW.event_id);
    RETURN NULL;
END $$;

-- Runs at commit: a conflict ends in a refusal by an objection alone.
CREATE FUNCTION check_conflict_settled() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM objection o WHERE o.request_id = NEW.id AND o.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'request %: a demand in conflict is refused by an objection', NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_progress BEFORE INSERT OR UPDATE ON process_proposal FOR EACH ROW EXECUTE FUNCTION check_process_proposal();
CREATE CONSTRAINT TRIGGER check_in_force AFTER UPDATE ON process_proposal DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_proposal_in_force();
CREATE CONSTRAINT TRIGGER check_agreed AFTER INSERT ON process_version DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_process_version();
CREATE CONSTRAINT TRIGGER check_agreed AFTER INSERT ON objection DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_objection();
CREATE CONSTRAINT TRIGGER check_settled AFTER UPDATE ON request DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.state = 'legal_conflict' AND NEW.state = 'refused') EXECUTE FUNCTION check_conflict_settled();
ALTER TABLE process_proposal ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE process_proposal ENABLE ALWAYS TRIGGER check_in_force;
ALTER TABLE process_version ENABLE ALWAYS TRIGGER check_agreed;
ALTER TABLE objection ENABLE ALWAYS TRIGGER check_agreed;
ALTER TABLE request ENABLE ALWAYS TRIGGER check_settled;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['process_version', 'clock_alert', 'objection'] LOOP
        EXECUTE format('CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER written_once', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['process_proposal', 'process_version', 'clock_alert', 'objection'] LOOP
        PERFORM audit.guard_table(('public.' || t)::regclass);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
    -- The law by which lerd decides is no secret from those whom it binds.
    CREATE POLICY read ON process_version FOR SELECT TO lerd_app USING (true);
    CREATE POLICY put ON process_version FOR INSERT TO lerd_app WITH CHECK (lerd_scope() = 'counsel');
    CREATE POLICY own ON process_proposal TO lerd_app USING (lerd_scope() IN ('counsel', 'auditor', 'system')) WITH CHECK (lerd_scope() IN ('counsel', 'system'));
    CREATE POLICY of_staff ON clock_alert TO lerd_app USING (lerd_scope() IN ('reviewer', 'counsel', 'approver', 'auditor', 'system')) WITH CHECK (lerd_scope() = 'system');
    CREATE POLICY of_case ON objection TO lerd_app USING (may_see_case(agency_id)) WITH CHECK (lerd_scope() = 'counsel');
END $$;
-- +goose StatementEnd

GRANT SELECT, INSERT ON process_proposal, process_version, clock_alert, objection TO lerd_app;
GRANT UPDATE (state, proposed_by, decided_by, decided_at, note, version, event_id) ON process_proposal TO lerd_app;
GRANT SELECT ON process_proposal, process_version, clock_alert, objection TO lerd_auditor;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
