-- The reviewers' desk: a document leaves the register of known forgeries by two
-- people's words; what was typed is compared with the order's text.

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

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
