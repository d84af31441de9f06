-- +goose Up

SET LOCAL ROLE lerd_owner;

-- A request may follow an earlier one of the same agency: it asks about further
-- accounts under the same order, asks again what came to nothing, or draws on a
-- preservation. The link is written with the request and never changes; it opens
-- no gate, it is shown.
CREATE TABLE request_link (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    follows_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('further', 'again', 'kept')),
    event_id   uuid NOT NULL,
    CHECK (request_id <> follows_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    FOREIGN KEY (follows_id, agency_id) REFERENCES request (id, agency_id)
);
-- one case that it goes on from, and one preservation
CREATE UNIQUE INDEX request_link_once ON request_link (request_id, (kind = 'kept'));
CREATE INDEX request_link_follows ON request_link (follows_id);

-- +goose StatementBegin
CREATE FUNCTION check_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    follows request;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.version = 1 AND q.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'link %: it is written with its request', NEW.id;
    END IF;
    SELECT * INTO follows FROM request q WHERE q.id = NEW.follows_id;
    IF follows.state IN ('awaiting_cosignature', 'redrafted') THEN
        RAISE EXCEPTION 'link %: nothing follows what was not submitted', NEW.id;
    END IF;
    IF NEW.kind = 'again' AND follows.state NOT IN ('refused', 'no_data', 'withdrawn', 'expired', 'lapsed') THEN
        RAISE EXCEPTION 'link %: only what came to nothing is asked again', NEW.id;
    END IF;
    IF NEW.kind = 'kept' AND NOT EXISTS (SELECT 1 FROM preservation k WHERE k.request_id = NEW.follows_id) THEN
        RAISE EXCEPTION 'link %: nothing was kept under that request', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_link BEFORE INSERT ON request_link FOR EACH ROW EXECUTE FUNCTION check_link();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON request_link FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE request_link ENABLE ALWAYS TRIGGER check_link;
ALTER TABLE request_link ENABLE ALWAYS TRIGGER written_once;
SELECT audit.guard_table('public.request_link');
ALTER TABLE request_link ENABLE ROW LEVEL SECURITY;
CREATE POLICY case_of_agency ON request_link TO lerd_app
    USING (may_see_case(agency_id)) WITH CHECK (may_see_case(agency_id) AND lerd_scope() <> 'auditor');
CREATE POLICY all_to_auditor ON request_link FOR SELECT TO lerd_auditor USING (true);
GRANT SELECT ON request_link TO lerd_app, lerd_auditor;
GRANT INSERT ON request_link TO lerd_app;

-- What an agency chose about second signatures is recorded by a registrar, and
-- read by them and by the agency's administrator.
DROP POLICY case_of_agency ON cosignature_choice;
CREATE POLICY choice_of_agency ON cosignature_choice TO lerd_app
    USING (may_see_case(agency_id) OR lerd_scope() = 'registrar'
        OR (lerd_scope() = 'agency_admin' AND agency_id::text = coalesce(current_setting('lerd.agency', true), '')))
    WITH CHECK (lerd_scope() IN ('registrar', 'system'));

-- +goose StatementBegin
CREATE FUNCTION check_choice_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF lerd_scope() = 'registrar' THEN
        PERFORM check_step_up('choice ' || NEW.id, nullif(current_setting('lerd.person', true), '')::uuid, 'activate_agency',
            digest_of('lerd cosignature choice v1', NEW.agency_id::text, NEW.process_id, NEW.wanted::text, NEW.version::text), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER step_up AFTER INSERT OR UPDATE ON cosignature_choice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_choice_agreed();
ALTER TABLE cosignature_choice ENABLE ALWAYS TRIGGER step_up;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
