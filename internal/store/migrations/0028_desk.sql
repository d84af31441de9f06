-- The reviewers' desk: a document leaves the register of known forgeries by two
-- people's words; what was typed is compared with the order's text; data are
-- kept as an order arrives whose law wants that.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- A document leaves the register when somebody who may enter documents proposes it
-- with a reason and counsel other than them agrees.
CREATE TABLE forgery_removal (
    id          uuid PRIMARY KEY,
    forgery_id  uuid NOT NULL REFERENCES known_forgery,
    why         text NOT NULL CHECK (why <> ''),
    state       text NOT NULL CHECK (state IN ('proposed', 'agreed', 'declined')),
    proposed_by uuid NOT NULL REFERENCES person,
    proposed_at timestamptz NOT NULL,
    decided_by  uuid REFERENCES person,
    decided_at  timestamptz,
    version     bigint NOT NULL CHECK (version > 0),
    event_id    uuid NOT NULL,
    CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'agreed' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX forgery_removal_one ON forgery_removal (forgery_id) WHERE state IN ('proposed', 'agreed');

-- +goose StatementBegin
CREATE FUNCTION check_forgery_removal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'decided_by', 'decided_at', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' OR NEW.version <> 1
           OR NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.proposed_by AND p.active AND p.role IN ('reviewer', 'counsel', 'registrar')) THEN
            RAISE EXCEPTION 'forgery removal %: a reviewer, counsel or a registrar proposes it', NEW.id;
        END IF;
    ELSIF OLD.state <> 'proposed' OR NEW.state = 'proposed' OR NEW.version <> OLD.version + 1 OR NOT is_counsel(NEW.decided_by)
       OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'forgery removal %: counsel decides it, once', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit: nothing leaves the register but by what two agreed to in this step.
CREATE FUNCTION check_forgery_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r forgery_removal;
BEGIN
    SELECT * INTO r FROM forgery_removal f WHERE f.forgery_id = NEW.id AND f.state = 'agreed' AND f.event_id = NEW.event_id;
    IF NOT FOUND OR r.decided_by <> NEW.removed_by OR r.proposed_by = NEW.removed_by THEN
        RAISE EXCEPTION 'forgery %: two people agree to its removal', NEW.id;
    END IF;
    PERFORM check_step_up('forgery ' || NEW.id, NEW.removed_by, 'forgery', digest_of('lerd forgery removal v1', r.id::text, NEW.id::text, r.why), NEW.event_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON forgery_removal FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_forgery_removal();
CREATE CONSTRAINT TRIGGER two_words AFTER UPDATE ON known_forgery DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.removed_at IS NOT NULL AND NOT retention.erasing()) EXECUTE FUNCTION check_forgery_agreed();
ALTER TABLE forgery_removal ENABLE ALWAYS TRIGGER check_step;
ALTER TABLE known_forgery ENABLE ALWAYS TRIGGER two_words;

SELECT audit.guard_table('public.forgery_removal');
ALTER TABLE forgery_removal ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_to_auditor ON forgery_removal FOR SELECT TO lerd_auditor USING (true);
CREATE POLICY stoppers ON forgery_removal TO lerd_app
    USING (lerd_scope() IN ('reviewer', 'counsel', 'auditor', 'registrar')) WITH CHECK (lerd_scope() IN ('reviewer', 'counsel', 'registrar'));
GRANT SELECT, INSERT ON forgery_removal TO lerd_app;
GRANT UPDATE (state, decided_by, decided_at, version, event_id) ON forgery_removal TO lerd_app;
GRANT SELECT ON forgery_removal TO lerd_auditor;

-- Where the text of an order says something else than what was typed about it, when
-- a reviewer first took the case up.
CREATE TABLE order_comparison (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL UNIQUE,
    agency_id   uuid NOT NULL,
    document_id uuid NOT NULL,
    has_text    boolean NOT NULL,
    differences integer NOT NULL CHECK (differences >= 0),
    found       text NOT NULL CHECK (found <> ''), -- JSON: field, typed, says, page and line of each
    at          timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    FOREIGN KEY (document_id, agency_id) REFERENCES document (id, agency_id),
    CHECK (has_text OR differences = 0)
);
INSERT INTO retention.field VALUES ('case', 'order_comparison', 'found', '''[]''');
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON order_comparison FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION refuse_change();
ALTER TABLE order_comparison ENABLE ALWAYS TRIGGER written_once;
SELECT audit.guard_table('public.order_comparison');
ALTER TABLE order_comparison ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_to_auditor ON order_comparison FOR SELECT TO lerd_auditor USING (true);
CREATE POLICY of_staff ON order_comparison TO lerd_app
    USING (lerd_scope() IN ('reviewer', 'counsel', 'approver', 'auditor', 'system')) WITH CHECK (lerd_scope() IN ('reviewer', 'system'));
GRANT SELECT, INSERT ON order_comparison TO lerd_app;
GRANT SELECT ON order_comparison TO lerd_auditor;

-- A request whose law wants the data kept from its receipt on: snapshots of its
-- targets are taken as it arrives and erased when it was answered, or ended.
-- LAW: Regulation (EU) 2023/1543 Art. 10(1).
CREATE TABLE arrival (
    request_id uuid PRIMARY KEY,
    agency_id  uuid NOT NULL,
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);
CREATE INDEX arrival_of ON arrival (agency_id);

-- The states of a request in which its data are kept since it arrived.
CREATE FUNCTION kept_on_arrival(state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT state IN ('submitted', 'in_review', 'needs_information', 'legal_conflict', 'qualified', 'awaiting_confirmation', 'confirmed', 'approved')
$$;

-- +goose StatementBegin
-- As in 0026, for arrivals too.
CREATE OR REPLACE FUNCTION snapshot_needed(preservation uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM request q WHERE q.id = preservation AND q.state = 'preserved')
        OR EXISTS (SELECT 1 FROM arrival a JOIN request q ON q.id = a.request_id WHERE a.request_id = preservation AND kept_on_arrival(q.state))
        OR EXISTS (SELECT 1 FROM request_link l JOIN request q ON q.id = l.request_id WHERE l.follows_id = preservation AND l.kind = 'kept'
                   AND q.state IN ('submitted', 'in_review', 'needs_information', 'qualified', 'awaiting_confirmation', 'confirmed', 'legal_conflict'))
        OR EXISTS (SELECT 1 FROM legal_hold h WHERE h.request_id = preservation AND h.state <> 'lifted')
$$;

CREATE OR REPLACE FUNCTION check_snapshot() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'wrapped_key', 'taken_at', 'contents_sha256', 'counts_sha256', 'erased_at', 'version', 'event_id'];
BEGIN
    -- Locked, so that a preservation that ends, or a hold placed meanwhile, comes before or after.
    PERFORM 1 FROM request q WHERE q.id = NEW.request_id FOR UPDATE;
    IF TG_OP = 'INSERT' THEN
        IF NEW.version <> 1 OR NEW.state <> 'begun' THEN
            RAISE EXCEPTION 'snapshot %: it begins empty', NEW.id;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM request q JOIN preservation k ON k.request_id = q.id WHERE q.id = NEW.request_id AND q.state = 'preserved')
           AND NOT EXISTS (SELECT 1 FROM request q JOIN arrival a ON a.request_id = q.id WHERE q.id = NEW.request_id AND kept_on_arrival(q.state)) THEN
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


CREATE FUNCTION check_arrival() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('preserved ' || NEW.agency_id, 0));
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND kept_on_arrival(q.state)) THEN
        RAISE EXCEPTION 'arrival %: the request is not open', NEW.request_id;
    END IF;
    IF (SELECT count(*) FROM arrival a JOIN request q ON q.id = a.request_id WHERE a.agency_id = NEW.agency_id AND kept_on_arrival(q.state)) >= max_preserved() THEN
        RAISE EXCEPTION 'arrival %: too many of its agency are kept', NEW.request_id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_count BEFORE INSERT ON arrival FOR EACH ROW EXECUTE FUNCTION check_arrival();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON arrival FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION refuse_change();
ALTER TABLE arrival ENABLE ALWAYS TRIGGER check_count;
ALTER TABLE arrival ENABLE ALWAYS TRIGGER written_once;
SELECT audit.guard_table('public.arrival');
ALTER TABLE arrival ENABLE ROW LEVEL SECURITY;
CREATE POLICY keepers ON arrival TO lerd_app USING (lerd_scope() IN ('system', 'auditor')) WITH CHECK (lerd_scope() = 'system');
CREATE POLICY all_to_auditor ON arrival FOR SELECT TO lerd_auditor USING (true);
GRANT SELECT, INSERT ON arrival TO lerd_app;
GRANT SELECT ON arrival TO lerd_auditor;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
