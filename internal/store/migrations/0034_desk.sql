-- The reviewers' desk, further: what an officer says of a person opens counsel's
-- human-rights review; a reviewer comes to lead by two administrators' words;
-- a case is found valid when its order was compared and each difference decided on.

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

-- A reviewer leads when one administrator proposes it and another agrees, as two
-- auditors do about a third.
ALTER TABLE account_change DROP CONSTRAINT account_change_what_check;
ALTER TABLE account_change ADD CONSTRAINT account_change_what_check CHECK (what IN ('suspend', 'revet', 'lead'));

-- +goose StatementBegin
-- As in 0003, and for leads.
CREATE OR REPLACE FUNCTION check_account_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who uuid := coalesce(NEW.decided_by, NEW.proposed_by);
BEGIN
    IF NEW.what = 'lead' THEN
        IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.active AND p.role = 'administrator') THEN
            RAISE EXCEPTION 'change %: an administrator decides who leads the reviewers, and nobody else', NEW.id;
        END IF;
        IF NEW.state <> 'declined' AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.active AND p.role = 'reviewer') THEN
            RAISE EXCEPTION 'change %: only a reviewer who serves leads', NEW.id;
        END IF;
    ELSIF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.active AND p.role = 'auditor') THEN
        RAISE EXCEPTION 'change %: an auditor decides on an auditor, and nobody else', NEW.id;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state <> 'proposed' OR NEW.version <> OLD.version + 1
       OR (NEW.id, NEW.person_id, NEW.what, NEW.why, NEW.proposed_by, NEW.proposed_at) IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.what, OLD.why, OLD.proposed_by, OLD.proposed_at)) THEN
        RAISE EXCEPTION 'change %: what was proposed does not change', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- As in 0016, and for leads: each signs what it is.
CREATE OR REPLACE FUNCTION check_change_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM check_step_up('change ' || NEW.id, NEW.proposed_by, 'account',
            digest_of('account', CASE NEW.what WHEN 'lead' THEN 'propose lead' ELSE 'propose' END, NEW.person_id::text), NEW.event_id);
    ELSE
        PERFORM check_step_up('change ' || NEW.id, NEW.decided_by, 'account',
            digest_of('account', 'decide', NEW.person_id::text, NEW.id::text, CASE NEW.state WHEN 'done' THEN 'yes' ELSE 'no' END), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

-- As in 0016, and: a reviewer comes to lead when two administrators agreed, and stops
-- when one of them said so with their passkey.
CREATE OR REPLACE FUNCTION check_person_standing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p person;
BEGIN
    SELECT * INTO p FROM person WHERE id = NEW.id;
    IF p.role IS DISTINCT FROM OLD.role OR p.agency_id IS DISTINCT FROM OLD.agency_id THEN
        RAISE EXCEPTION 'person %: role and agency do not change', p.id;
    END IF;
    IF NEW.active AND NOT OLD.active THEN
        IF NOT account_comes_alive(NEW.id, NEW.event_id) THEN
            RAISE EXCEPTION 'person %: an account comes alive by a confirmed invitation', NEW.id;
        END IF;
        IF EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = NEW.id AND i.state = 'confirmed' AND i.event_id = NEW.event_id AND i.revetting
                   AND NEW.download_from IS DISTINCT FROM i.confirmed_at + interval '72 hours') THEN
            RAISE EXCEPTION 'person %: who comes back downloads nothing for 72 hours', NEW.id;
        END IF;
    END IF;
    IF OLD.download_from IS NOT NULL AND (NEW.download_from IS NULL OR NEW.download_from < OLD.download_from) THEN
        RAISE EXCEPTION 'person %: a pause of downloads does not get shorter', NEW.id;
    END IF;
    IF OLD.role = 'auditor' AND OLD.active AND NOT NEW.active AND NOT EXISTS (SELECT 1 FROM account_change c WHERE c.person_id = NEW.id AND c.state = 'done' AND c.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'person %: two other auditors decide on an auditor', NEW.id;
    END IF;
    IF OLD.active AND NOT NEW.active AND NOT access_ends(NEW.id, OLD.reverify_by) THEN
        RAISE EXCEPTION 'person %: nobody has signed that this access ends', NEW.id;
    END IF;
    IF NEW.supervisor AND NOT OLD.supervisor THEN
        IF NEW.role = 'reviewer' THEN
            IF NOT EXISTS (SELECT 1 FROM account_change c WHERE c.person_id = NEW.id AND c.what = 'lead' AND c.state = 'done' AND c.event_id = NEW.event_id) THEN
                RAISE EXCEPTION 'person %: two administrators agree that somebody leads the reviewers', NEW.id;
            END IF;
        ELSIF NOT EXISTS (
            SELECT 1 FROM agency_motion m WHERE m.kind = 'supervisor' AND m.agency_id = NEW.agency_id AND m.subject = NEW.id::text AND m.state = 'agreed' AND m.event_id = NEW.event_id) THEN
            RAISE EXCEPTION 'person %: two people agree that somebody signs for colleagues', NEW.id;
        END IF;
    END IF;
    IF OLD.supervisor AND NOT NEW.supervisor AND NEW.role = 'reviewer' AND NOT EXISTS (
        SELECT 1 FROM assertion a JOIN person b ON b.id = a.person_id WHERE b.role = 'administrator' AND b.active AND a.purpose = 'account'
        AND a.digest = digest_of('account', 'end lead', NEW.id::text) AND a.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'person %: no administrator has signed that somebody stops leading', NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Runs at commit: what was typed was compared with the order's text, and where the
-- order says something else about what is still asked, a person has said since then
-- that it is right all the same (check VC-09). No differences are looked for anew.
CREATE FUNCTION check_compared() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c order_comparison;
BEGIN
    IF OLD.state = NEW.state OR NEW.state NOT IN ('qualified', 'preserved') THEN
        RETURN NULL;
    END IF;
    SELECT * INTO c FROM order_comparison x WHERE x.request_id = NEW.id;
    IF NOT FOUND OR c.document_id IS DISTINCT FROM NEW.document_id THEN
        RAISE EXCEPTION 'request %: what was typed was not compared with its order', NEW.id;
    END IF;
    IF EXISTS (SELECT 1 FROM jsonb_array_elements(c.found::jsonb) d
               WHERE NOT EXISTS (SELECT 1 FROM target t WHERE t.request_id = NEW.id AND 't' || t.ordinal = d ->> 'field' AND NOT t.want_phone AND NOT t.want_ip))
       AND coalesce((SELECT a.result FROM check_answer a WHERE a.request_id = NEW.id AND a.check_id = 'VC-09' AND NOT a.automatic AND a.at >= c.at
                     ORDER BY a.at DESC, a.id DESC LIMIT 1), '') <> 'pass' THEN
        RAISE EXCEPTION 'request %: its order says something else than was typed, and nobody has decided on it', NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER check_compared AFTER UPDATE ON request DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_compared();
ALTER TABLE request ENABLE ALWAYS TRIGGER check_compared;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
