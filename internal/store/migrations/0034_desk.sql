-- The reviewers' desk, further: what an officer says of a person opens counsel's
-- human-rights review.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- What the officer says of the person behind an account, in the words of the
-- policy's flags: a journalist, a lawyer, … It is written with the request, is part
-- of what the agency signs, and never changes.
CREATE TABLE target_flag (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    target_id  uuid NOT NULL,
    flag       text NOT NULL CHECK (flag ~ '^[a-z_]{1,40}$'),
    event_id   uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);
CREATE INDEX target_flag_of ON target_flag (request_id);
INSERT INTO retention.field VALUES ('case', 'target_flag', 'flag', '''erased''');

-- +goose StatementBegin
CREATE FUNCTION check_target_flag() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.version = 1 AND q.event_id = NEW.event_id)
       OR NOT EXISTS (SELECT 1 FROM target t WHERE t.id = NEW.target_id AND t.request_id = NEW.request_id AND t.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'flag %: it is written with its request', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- As in 0027, and what the officer says.
CREATE OR REPLACE FUNCTION rights_reasons(request uuid) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN EXISTS (SELECT 1 FROM request q JOIN sensitive_class c ON starts_with(q.offence_class, c.offence_class) WHERE q.id = request) THEN 'class' END,
        CASE WHEN coalesce((SELECT strpos(s.factors, 'sensitive_target') > 0 FROM risk_statement s WHERE s.request_id = request ORDER BY s.version DESC LIMIT 1), false) THEN 'mark' END,
        CASE WHEN EXISTS (SELECT 1 FROM target_flag f WHERE f.request_id = request) THEN 'officer' END], NULL)
$$;
-- +goose StatementEnd

CREATE TRIGGER check_step BEFORE INSERT ON target_flag FOR EACH ROW EXECUTE FUNCTION check_target_flag();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON target_flag FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION refuse_change();
ALTER TABLE target_flag ENABLE ALWAYS TRIGGER check_step;
ALTER TABLE target_flag ENABLE ALWAYS TRIGGER written_once;
SELECT audit.guard_table('public.target_flag');
ALTER TABLE target_flag ENABLE ROW LEVEL SECURITY;
CREATE POLICY case_of_agency ON target_flag TO lerd_app
    USING (may_see_case(agency_id)) WITH CHECK (may_see_case(agency_id) AND lerd_scope() <> 'auditor');
CREATE POLICY all_to_auditor ON target_flag FOR SELECT TO lerd_auditor USING (true);
GRANT SELECT ON target_flag TO lerd_app, lerd_auditor;
GRANT INSERT ON target_flag TO lerd_app;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
