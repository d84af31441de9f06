-- What nobody does alone about an agency, or without their passkey, or without an
-- invitation; and how many drafts may be open at a time.
--
-- What the database itself holds, whoever writes:
--   * people come in by an invitation, not alive, and passkeys by an invitation or
--     by what their owner allowed;
--   * access ends, and passkeys go, by a step that somebody signed, by a
--     containment, or because time is over;
--   * an officer signs for colleagues, and an agency signs once or twice, because
--     two people agreed to it;
--   * what the evaluation's sign-in gives counts in an evaluation only.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
-- Whether this database is an evaluation's: invented people come in alive, and
-- steps are agreed to without a passkey. Only the database's owner can say so, as
-- "lerd demo" and "lerd practice" do of their own; the application cannot.
CREATE FUNCTION lerd_evaluation() RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT false $$;
-- +goose StatementEnd

-- What one person proposes about an agency and another agrees to: that an officer
-- signs for colleagues (subject: the person), or whether requests are signed
-- twice (subject: a process, or empty for all).
CREATE TABLE agency_motion (
    id          uuid PRIMARY KEY,
    agency_id   uuid NOT NULL REFERENCES agency,
    kind        text NOT NULL CHECK (kind IN ('supervisor', 'cosignature')),
    subject     text NOT NULL,
    wanted      boolean NOT NULL,
    proposed_by uuid NOT NULL REFERENCES person,
    proposed_at timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('proposed', 'agreed', 'declined')),
    decided_by  uuid REFERENCES person,
    decided_at  timestamptz,
    version     bigint NOT NULL CHECK (version > 0),
    event_id    uuid NOT NULL,
    CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'agreed' OR decided_by <> proposed_by),
    CHECK (kind <> 'supervisor' OR wanted)
);
CREATE UNIQUE INDEX agency_motion_open ON agency_motion (agency_id, kind, subject) WHERE state = 'proposed';

-- +goose StatementBegin
CREATE FUNCTION motion_purpose(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE kind WHEN 'supervisor' THEN 'account' ELSE 'activate_agency' END
$$;

-- An officer's supervisor is proposed by an administrator of the agency and agreed
-- to by a registrar, who belongs to the platform; the choice about second
-- signatures by two registrars.
CREATE FUNCTION check_motion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'decided_by', 'decided_at', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' OR NEW.version <> 1 THEN
            RAISE EXCEPTION 'motion %: it is proposed before it is decided', NEW.id;
        END IF;
        IF NEW.kind = 'supervisor' THEN
            IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.proposed_by AND p.active AND p.role = 'agency_admin' AND p.agency_id = NEW.agency_id) THEN
                RAISE EXCEPTION 'motion %: an administrator of the agency proposes it', NEW.id;
            END IF;
            IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id::text = NEW.subject AND p.role = 'officer' AND p.agency_id = NEW.agency_id) THEN
                RAISE EXCEPTION 'motion %: it is about no officer of the agency', NEW.id;
            END IF;
        ELSE
            PERFORM check_registrar(NEW.proposed_by, 'motion ' || NEW.id);
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'proposed' OR NEW.state = 'proposed' OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'motion %: it is decided once, as it was proposed', NEW.id;
    END IF;
    IF NEW.state = 'agreed' OR NEW.decided_by <> NEW.proposed_by THEN
        PERFORM check_registrar(NEW.decided_by, 'motion ' || NEW.id);
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_motion_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'proposed' THEN
        PERFORM check_step_up('motion ' || NEW.id, NEW.proposed_by, motion_purpose(NEW.kind),
            digest_of('lerd motion v1', NEW.agency_id::text, NEW.kind, NEW.subject, NEW.wanted::text), NEW.event_id);
    ELSIF NEW.state = 'agreed' THEN
        PERFORM check_step_up('motion ' || NEW.id, NEW.decided_by, motion_purpose(NEW.kind),
            digest_of('lerd motion agreed v1', NEW.id::text, NEW.agency_id::text, NEW.kind, NEW.subject, NEW.wanted::text), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

-- The choice on file is what two registrars agreed to, in the same step.
CREATE OR REPLACE FUNCTION check_choice_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT lerd_evaluation() OR lerd_scope() <> 'system' THEN
        IF NOT EXISTS (SELECT 1 FROM agency_motion m WHERE m.agency_id = NEW.agency_id AND m.kind = 'cosignature' AND m.subject = NEW.process_id
                       AND m.wanted = NEW.wanted AND m.state = 'agreed' AND m.event_id = NEW.event_id) THEN
            RAISE EXCEPTION 'choice %: two registrars agree to it', NEW.id;
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- What the evaluation's sign-in gives.
CREATE FUNCTION check_evaluation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.method = 'development' AND NOT lerd_evaluation() THEN
        RAISE EXCEPTION '%: without a passkey nobody acts here', TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;

-- People come in not alive, signing for nobody, and with an invitation.
CREATE FUNCTION check_person_comes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF lerd_evaluation() THEN
        RETURN NULL;
    END IF;
    IF NEW.active OR NEW.supervisor OR NOT EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = NEW.id AND i.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'person %: people come in by an invitation, and not alive', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- The id of a passkey that somebody added under a permission of theirs: one for
-- each permission. It is a UUID of version 8.
CREATE FUNCTION passkey_id_of(allowed uuid) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 128), 8, (get_byte(h, 8) & 63) | 128), 'hex')::uuid
    FROM (SELECT substring(sha256(convert_to('lerd passkey ' || allowed::text, 'UTF8')) FOR 16) AS h) x
$$;

CREATE FUNCTION check_passkey_comes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = NEW.person_id AND i.passkey_id = NEW.id AND i.event_id = NEW.event_id)
       AND NOT EXISTS (SELECT 1 FROM assertion a WHERE a.person_id = NEW.person_id AND a.purpose = 'account' AND a.digest = digest_of('add passkey', NEW.person_id::text)
                       AND NEW.id = passkey_id_of(a.id) AND NEW.created_at <= a.at + interval '10 minutes') THEN
        RAISE EXCEPTION 'passkey %: nobody was invited with it, and its owner has not allowed it', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- Runs at commit: its owner said so and keeps another, or their access has ended.
CREATE FUNCTION check_passkey_goes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.removed_at IS NULL OR OLD.removed_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    IF NEW.removed_why = 'owner' THEN
        PERFORM check_step_up('passkey ' || NEW.id, NEW.person_id, 'account', digest_of('remove passkey', NEW.id::text), NEW.event_id);
        IF NOT EXISTS (SELECT 1 FROM passkey k WHERE k.person_id = NEW.person_id AND k.removed_at IS NULL) THEN
            RAISE EXCEPTION 'passkey %: the last one stays', NEW.id;
        END IF;
    ELSIF EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.active)
        -- a key that a code brought and nobody confirmed goes with its invitation
        AND NOT EXISTS (SELECT 1 FROM invitation i WHERE i.passkey_id = NEW.id AND i.state = 'cancelled' AND i.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'passkey %: its owner still has access', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- Who signed that a person's access ends, in this transaction, or why it ends
-- without.
CREATE FUNCTION access_ends(who uuid, until timestamptz) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM assertion a JOIN audit.event e ON e.id = a.event_id
                   WHERE e.xid = pg_current_xact_id()
                   AND (a.purpose = 'account' AND a.digest = digest_of('account', 'suspend', who::text)
                        OR a.purpose = 'invite' AND a.digest = digest_of('account', 'revet', who::text)))
        OR EXISTS (SELECT 1 FROM account_change c WHERE c.person_id = who AND c.state = 'done' AND c.what = 'suspend'
                   AND EXISTS (SELECT 1 FROM audit.event e WHERE e.id = c.event_id AND e.xid = pg_current_xact_id()))
        OR EXISTS (SELECT 1 FROM containment c JOIN audit.event e ON e.id = c.event_id
                   WHERE c.officer_id = who AND c.state = 'begun' AND e.xid = pg_current_xact_id())
        OR coalesce(until <= clock_timestamp() + lerd_clock_slack(), false)
$$;

-- As in 0003, and: access ends as above; an officer comes to sign for colleagues
-- when two people agreed; a pause of downloads does not get shorter, and begins
-- when somebody comes back.
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
    IF NEW.supervisor AND NOT OLD.supervisor AND NOT EXISTS (
        SELECT 1 FROM agency_motion m WHERE m.kind = 'supervisor' AND m.agency_id = NEW.agency_id AND m.subject = NEW.id::text AND m.state = 'agreed' AND m.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'person %: two people agree that somebody signs for colleagues', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- As in 0011, and: asking for the end of a containment is signed too.
CREATE OR REPLACE FUNCTION check_containment_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM check_step_up('containment ' || NEW.id, NEW.begun_by, 'contain', digest_of('contain', NEW.agency_id::text, coalesce(NEW.officer_id::text, '')), NEW.event_id);
    ELSIF NEW.state = 'lifting' AND OLD.state <> 'lifting' THEN
        PERFORM check_step_up('containment ' || NEW.id, NEW.lift_by, 'contain', digest_of('propose to lift containment', NEW.id::text), NEW.event_id);
    ELSIF NEW.state = 'lifted' THEN
        PERFORM check_step_up('containment ' || NEW.id, NEW.lifted_by, 'contain', digest_of('lift containment', NEW.id::text), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

-- What auditors propose and decide about one of them, they sign: which proposal,
-- and yes or no.
CREATE FUNCTION check_change_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM check_step_up('change ' || NEW.id, NEW.proposed_by, 'account', digest_of('account', 'propose', NEW.person_id::text), NEW.event_id);
    ELSE
        PERFORM check_step_up('change ' || NEW.id, NEW.decided_by, 'account',
            digest_of('account', 'decide', NEW.person_id::text, NEW.id::text, CASE NEW.state WHEN 'done' THEN 'yes' ELSE 'no' END), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_extension_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.extensions > OLD.extensions AND NOT EXISTS (
        SELECT 1 FROM assertion a JOIN person p ON p.id = a.person_id
        WHERE p.agency_id = NEW.agency_id AND p.role = 'officer' AND p.active AND a.purpose = 'submit'
        AND a.digest = digest_of('lerd extension v1', NEW.request_id::text, NEW.extensions::text) AND a.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'preservation %: no officer has confirmed its extension with their passkey', NEW.request_id;
    END IF;
    RETURN NULL;
END $$;

-- How many drafts may be open at a time: of one officer, and of one unit. Both
-- numbers stand in requests.MaxDrafts and requests.MaxUnitDrafts too.
CREATE FUNCTION check_draft_count() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'open' OR TG_OP = 'UPDATE' AND OLD.state = 'open' THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('lerd drafts ' || NEW.agency_id::text, 0));
    IF TG_OP = 'INSERT' AND (SELECT count(*) FROM draft d WHERE d.owner_id = NEW.owner_id AND d.state = 'open' AND d.expires_at > NEW.created_at) > 50 THEN
        RAISE EXCEPTION 'draft %: its officer has too many', NEW.id;
    END IF;
    IF TG_OP = 'INSERT' AND (SELECT count(*) FROM draft d WHERE d.agency_id = NEW.agency_id AND d.unit_id IS NOT DISTINCT FROM NEW.unit_id AND d.state = 'open' AND d.expires_at > NEW.created_at) > 500 THEN
        RAISE EXCEPTION 'draft %: its unit has too many', NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

DROP TRIGGER step_up ON cosignature_choice;
CREATE TRIGGER check_progress BEFORE INSERT OR UPDATE ON agency_motion FOR EACH ROW EXECUTE FUNCTION check_motion();
CREATE TRIGGER check_evaluation BEFORE INSERT OR UPDATE ON assertion FOR EACH ROW EXECUTE FUNCTION check_evaluation();
CREATE TRIGGER check_evaluation BEFORE INSERT OR UPDATE ON session FOR EACH ROW EXECUTE FUNCTION check_evaluation();
CREATE TRIGGER check_count AFTER INSERT OR UPDATE ON draft FOR EACH ROW EXECUTE FUNCTION check_draft_count();
ALTER TABLE agency_motion ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE assertion ENABLE ALWAYS TRIGGER check_evaluation;
ALTER TABLE session ENABLE ALWAYS TRIGGER check_evaluation;
ALTER TABLE draft ENABLE ALWAYS TRIGGER check_count;

-- +goose StatementBegin
DO $$
DECLARE
    x record;
BEGIN
    FOR x IN SELECT * FROM (VALUES
        ('agency_motion', 'INSERT OR UPDATE', 'step_up', 'check_motion_agreed'),
        ('cosignature_choice', 'INSERT OR UPDATE', 'by_two', 'check_choice_agreed'),
        ('person', 'INSERT', 'check_comes', 'check_person_comes'),
        ('passkey', 'INSERT', 'check_comes', 'check_passkey_comes'),
        ('passkey', 'UPDATE', 'check_goes', 'check_passkey_goes'),
        ('account_change', 'INSERT OR UPDATE', 'step_up', 'check_change_agreed'),
        ('preservation', 'UPDATE', 'step_up', 'check_extension_agreed')) AS t (tab, act, name, fn) LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER %s ON %I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION %I()', x.name, x.act, x.tab, x.fn);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', x.tab, x.name);
    END LOOP;
END $$;
-- +goose StatementEnd

SELECT audit.guard_table('public.agency_motion');
ALTER TABLE agency_motion ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_agency ON agency_motion TO lerd_app USING (may_see_vetting(agency_id))
    WITH CHECK (lerd_scope() = 'registrar' OR lerd_scope() = 'agency_admin' AND agency_id::text = coalesce(current_setting('lerd.agency', true), ''));
CREATE POLICY all_to_auditor ON agency_motion FOR SELECT TO lerd_auditor USING (true);
GRANT SELECT ON agency_motion TO lerd_app, lerd_auditor;
GRANT INSERT (id, agency_id, kind, subject, wanted, proposed_by, proposed_at, state, decided_by, decided_at, version, event_id),
      UPDATE (state, decided_by, decided_at, version, event_id) ON agency_motion TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
