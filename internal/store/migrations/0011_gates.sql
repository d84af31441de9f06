-- What people agree to with their passkeys, the database demands too: no step
-- that asks for one commits without an assertion by that very person, given for
-- this purpose and this digest, and used up in the step itself. And some gates
-- that stood in the program alone.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
-- What identity.DigestOf gives: each part is hashed first.
CREATE FUNCTION digest_of(VARIADIC parts text[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(coalesce(string_agg(sha256(convert_to(p, 'UTF8')), ''::bytea ORDER BY n), ''::bytea)) FROM unnest(parts) WITH ORDINALITY AS x (p, n)
$$;

-- agreed NULL: the step's own digest is compared elsewhere.
CREATE FUNCTION check_step_up(what text, who uuid, why text, agreed bytea, step uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM assertion a WHERE a.person_id = who AND a.purpose = why AND a.event_id = step AND (agreed IS NULL OR a.digest = agreed)) THEN
        RAISE EXCEPTION '%: nobody has confirmed this step with their passkey', what;
    END IF;
END $$;

CREATE FUNCTION check_release_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.approver_id IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.approver_id IS NULL) THEN
        PERFORM check_step_up('release ' || NEW.id, NEW.approver_id, 'approve', digest_of('lerd approval v1', NEW.id::text, NEW.approved_digest), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_download_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_step_up('receipt ' || NEW.id, NEW.officer_id, 'download',
        digest_of('lerd download v1', NEW.release_id::text, (SELECT r.encrypted_sha256 FROM release r WHERE r.id = NEW.release_id)), NEW.event_id);
    RETURN NULL;
END $$;

CREATE FUNCTION check_recall_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'confirmed' AND OLD.state <> 'confirmed' THEN
        PERFORM check_step_up('recall ' || NEW.id, NEW.decided_by, 'approve',
            digest_of('lerd recall v1', NEW.id::text, NEW.reason, NEW.release_id::text, (SELECT r.encrypted_sha256 FROM release r WHERE r.id = NEW.release_id)), NEW.event_id);
    END IF;
    IF NEW.deleted_by IS NOT NULL AND OLD.deleted_by IS NULL THEN
        PERFORM check_step_up('recall ' || NEW.id, NEW.deleted_by, 'download', digest_of('lerd deletion v1', NEW.id::text, NEW.release_id::text), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_takeover_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_step_up('takeover ' || NEW.id, NEW.to_id, 'submit',
        digest_of('lerd take-over v1', NEW.request_id::text, NEW.from_id::text, NEW.to_id::text, NEW.ordinal::text), NEW.event_id);
    RETURN NULL;
END $$;

CREATE FUNCTION check_amendment_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_step_up('amendment ' || NEW.id, NEW.officer_id, 'submit', decode(NEW.digest, 'hex'), NEW.event_id);
    RETURN NULL;
END $$;

CREATE FUNCTION check_containment_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM check_step_up('containment ' || NEW.id, NEW.begun_by, 'contain', digest_of('contain', NEW.agency_id::text, coalesce(NEW.officer_id::text, '')), NEW.event_id);
    ELSIF NEW.state = 'lifted' THEN
        PERFORM check_step_up('containment ' || NEW.id, NEW.lifted_by, 'contain', digest_of('lift containment', NEW.id::text), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_hold_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'lifted' THEN
        PERFORM check_step_up('hold ' || NEW.id, NEW.lifted_by, 'contain', digest_of('lift hold', NEW.id::text), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

-- The server's own command invites and confirms without one; check_invitation
-- says whom.
CREATE FUNCTION check_invitation_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.invited_by IS NOT NULL THEN
        PERFORM check_step_up('invitation ' || NEW.id, NEW.invited_by, 'invite', NULL, NEW.event_id);
    ELSIF NEW.state = 'confirmed' AND NEW.confirmed_by IS NOT NULL THEN
        PERFORM check_step_up('invitation ' || NEW.id, NEW.confirmed_by, 'invite', NULL, NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

-- A bundle is granted to the officer who holds its case, and to nobody else.
CREATE FUNCTION check_grant_holder() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.officer_id IS DISTINCT FROM holder_of(NEW.request_id) THEN
        RAISE EXCEPTION 'grant %: its officer does not hold the case', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- A key that an invitation's code brought signs nothing before somebody has
-- compared it with the person's own.
CREATE FUNCTION check_confirmed_key() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM invitation i WHERE i.passkey_id = NEW.passkey_id AND i.state <> 'confirmed') THEN
        RAISE EXCEPTION 'assertion %: nobody has confirmed its passkey', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- What two auditors decide begins as the first one's proposal.
CREATE FUNCTION check_change_begun() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'proposed' OR NEW.version <> 1 THEN
        RAISE EXCEPTION 'change %: it is proposed before it is decided', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A mark can be taken away, once, and not be made another's.
CREATE FUNCTION check_sensitive_mark() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['removed_by', 'removed_at', 'version', 'event_id'];
BEGIN
    IF OLD.removed_at IS NOT NULL OR NEW.removed_at IS NULL OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'mark %: it can be removed, and nothing else', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- As in 0007, and: lifting gives back what the containment took, no more.
CREATE OR REPLACE FUNCTION account_comes_alive(person uuid, event uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = person AND i.state = 'confirmed' AND i.event_id = event)
        OR EXISTS (SELECT 1 FROM containment c JOIN audit.event e ON e.id = c.event_id
                   WHERE c.officer_id = person AND c.state = 'lifted' AND c.was = 'active' AND e.xid = pg_current_xact_id())
$$;
-- +goose StatementEnd

CREATE TRIGGER confirmed_key BEFORE INSERT ON assertion FOR EACH ROW EXECUTE FUNCTION check_confirmed_key();
CREATE TRIGGER check_begun BEFORE INSERT ON account_change FOR EACH ROW EXECUTE FUNCTION check_change_begun();
CREATE TRIGGER check_step BEFORE UPDATE ON sensitive_mark FOR EACH ROW EXECUTE FUNCTION check_sensitive_mark();
ALTER TABLE assertion ENABLE ALWAYS TRIGGER confirmed_key;
ALTER TABLE account_change ENABLE ALWAYS TRIGGER check_begun;
ALTER TABLE sensitive_mark ENABLE ALWAYS TRIGGER check_step;

-- +goose StatementBegin
DO $$
DECLARE
    x record;
BEGIN
    FOR x IN SELECT * FROM (VALUES
        ('release', 'INSERT OR UPDATE', 'step_up', 'check_release_agreed'),
        ('release_receipt', 'INSERT', 'step_up', 'check_download_agreed'),
        ('recall', 'UPDATE', 'step_up', 'check_recall_agreed'),
        ('takeover', 'INSERT', 'step_up', 'check_takeover_agreed'),
        ('amendment', 'INSERT', 'step_up', 'check_amendment_agreed'),
        ('containment', 'INSERT OR UPDATE', 'step_up', 'check_containment_agreed'),
        ('case_hold', 'UPDATE', 'step_up', 'check_hold_agreed'),
        ('invitation', 'INSERT OR UPDATE', 'step_up', 'check_invitation_agreed'),
        ('release_grant', 'INSERT', 'grant_holder', 'check_grant_holder')) AS t (tab, act, name, fn) LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER %s ON %I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION %I()', x.name, x.act, x.tab, x.fn);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', x.tab, x.name);
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
