-- Auditors are out of reach of whoever administers, also of one who writes to the
-- database. What the database itself holds beside 0003, 0011 and 0016:
--   * an invitation is made by somebody whose role may invite to that role; once
--     there are two auditors, none comes in but by two of them;
--   * an auditor signs in with a passkey, never by the company's provider, which
--     the company's administrators run;
--   * a session begins by its own event and what its person's passkey answered;
--   * what a passkey answered is kept once: a copy under another id is refused.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
-- Who invites to a role, and confirms there.
CREATE FUNCTION inviting_role(role text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE role WHEN 'officer' THEN 'agency_admin' WHEN 'agency_admin' THEN 'registrar' WHEN 'auditor' THEN 'auditor' ELSE 'administrator' END
$$;

CREATE FUNCTION check_inviter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.invited_by IS NULL THEN
        IF NEW.role IN ('officer', 'agency_admin') OR NEW.role IN ('administrator', 'auditor') AND (SELECT count(*) FROM person p WHERE p.role = NEW.role AND p.active) >= 2 THEN
            RAISE EXCEPTION 'invitation %: the server does not invite to this role', NEW.id;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.invited_by AND p.active AND p.role = inviting_role(NEW.role) AND (NEW.role <> 'officer' OR p.agency_id = NEW.agency_id)) THEN
            RAISE EXCEPTION 'invitation %: whoever invited may not', NEW.id;
        END IF;
    -- two auditors, or the server twice: never one auditor with the server
    ELSIF NEW.state = 'confirmed' AND NEW.role = 'auditor' AND (NEW.invited_by IS NULL) <> (NEW.confirmed_by IS NULL) THEN
        RAISE EXCEPTION 'invitation %: two auditors bring in a third', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_provider_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.role = 'auditor') THEN
        RAISE EXCEPTION 'provider account %: an auditor signs in with a passkey alone', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit, so that the order of the rows does not matter. What an evaluation
-- gives is refused elsewhere by check_evaluation.
CREATE FUNCTION check_session_begins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.method = 'passkey' AND NOT EXISTS (
        SELECT 1 FROM assertion a JOIN audit.event e ON e.id = a.event_id
        WHERE a.person_id = NEW.person_id AND a.purpose = 'sign_in' AND a.method = 'passkey'
        AND e.stream = 'session:' || NEW.id AND e.xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'session %: nobody has signed in for it with their passkey', NEW.id;
    END IF;
    IF NEW.method = 'oidc' AND NOT EXISTS (
        SELECT 1 FROM provider_account l JOIN person p ON p.id = l.person_id
        WHERE l.person_id = NEW.person_id AND l.removed_at IS NULL AND p.role <> 'auditor'
        AND EXISTS (SELECT 1 FROM audit.event e WHERE e.stream = 'session:' || NEW.id AND e.xid = pg_current_xact_id())) THEN
        RAISE EXCEPTION 'session %: the company''s provider signs this person in for nothing', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- A session stays that of its person, and does not come back.
CREATE FUNCTION check_session_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['seen_at', 'ended_at'];
BEGIN
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress OR OLD.ended_at IS NOT NULL AND NEW.ended_at IS NULL THEN
        RAISE EXCEPTION 'session %: it is seen and it ends, and nothing else', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_inviter BEFORE INSERT OR UPDATE ON invitation FOR EACH ROW EXECUTE FUNCTION check_inviter();
CREATE TRIGGER check_person BEFORE INSERT OR UPDATE ON provider_account FOR EACH ROW EXECUTE FUNCTION check_provider_person();
CREATE CONSTRAINT TRIGGER check_begins AFTER INSERT ON session DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_session_begins();
CREATE TRIGGER check_stays BEFORE UPDATE ON session FOR EACH ROW EXECUTE FUNCTION check_session_stays();
ALTER TABLE invitation ENABLE ALWAYS TRIGGER check_inviter;
ALTER TABLE provider_account ENABLE ALWAYS TRIGGER check_person;
ALTER TABLE session ENABLE ALWAYS TRIGGER check_begins;
ALTER TABLE session ENABLE ALWAYS TRIGGER check_stays;

CREATE UNIQUE INDEX assertion_once ON assertion (passkey_id, nonce) WHERE passkey_id IS NOT NULL;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
