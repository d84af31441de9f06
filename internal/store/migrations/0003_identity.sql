-- Who people are and how they show it: more roles, units of agencies, passkeys,
-- what was signed with them, and the ceremonies in which that happens.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
CREATE FUNCTION may_see_agency(agency uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE lerd_scope()
        WHEN 'reviewer' THEN true WHEN 'counsel' THEN true WHEN 'approver' THEN true WHEN 'auditor' THEN true
        WHEN 'registrar' THEN true WHEN 'administrator' THEN true WHEN 'system' THEN true
        WHEN 'officer' THEN agency::text = coalesce(current_setting('lerd.agency', true), '')
        WHEN 'agency_admin' THEN agency::text = coalesce(current_setting('lerd.agency', true), '')
        ELSE false END
$$;
-- +goose StatementEnd

CREATE TABLE unit (
    id        uuid PRIMARY KEY,
    agency_id uuid NOT NULL REFERENCES agency,
    name      text NOT NULL CHECK (name <> ''),
    active    boolean NOT NULL,
    version   bigint NOT NULL,
    event_id  uuid NOT NULL,
    UNIQUE (agency_id, name),
    UNIQUE (id, agency_id)
);

ALTER TABLE person
    ADD COLUMN unit_id uuid,
    ADD COLUMN supervisor boolean NOT NULL DEFAULT false,
    ADD COLUMN reverify_by timestamptz,
    ADD COLUMN download_from timestamptz,
    DROP CONSTRAINT person_role_check,
    DROP CONSTRAINT person_check,
    ADD CONSTRAINT person_role_check CHECK (role IN ('officer', 'agency_admin', 'reviewer', 'counsel', 'confirmer', 'approver', 'auditor', 'registrar', 'administrator')),
    ADD CONSTRAINT person_of_agency CHECK ((role IN ('officer', 'agency_admin')) = (agency_id IS NOT NULL)),
    ADD CONSTRAINT person_supervisor CHECK (NOT supervisor OR role = 'officer'),
    ADD CONSTRAINT person_unit CHECK (unit_id IS NULL OR agency_id IS NOT NULL),
    ADD CONSTRAINT person_unit_of_agency FOREIGN KEY (unit_id, agency_id) REFERENCES unit (id, agency_id);

-- How a session was begun; those of before were all the evaluation's.
ALTER TABLE session ADD COLUMN method text NOT NULL DEFAULT 'development' CHECK (method IN ('passkey', 'oidc', 'development'));
ALTER TABLE session ALTER COLUMN method DROP DEFAULT;
ALTER TABLE session ADD COLUMN device text NOT NULL DEFAULT '';

-- A passkey stays after its removal: what was signed with it must be verifiable.
CREATE TABLE passkey (
    id              uuid PRIMARY KEY,
    person_id       uuid NOT NULL REFERENCES person,
    credential_id   bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 16 AND 1023),
    public_key      bytea NOT NULL CHECK (length(public_key) BETWEEN 32 AND 2048),
    algorithm       integer NOT NULL,
    aaguid          bytea CHECK (length(aaguid) = 16),
    transports      text NOT NULL,
    sign_count      bigint NOT NULL CHECK (sign_count >= 0),
    backup_eligible boolean NOT NULL,
    backed_up       boolean NOT NULL,
    label           text NOT NULL,
    created_at      timestamptz NOT NULL,
    removed_at      timestamptz,
    removed_why     text NOT NULL CHECK (removed_why IN ('', 'owner', 'revetting', 'suspended', 'counter')),
    version         bigint NOT NULL,
    event_id        uuid NOT NULL,
    UNIQUE (id, person_id),
    CHECK ((removed_at IS NULL) = (removed_why = ''))
);
CREATE INDEX passkey_person ON passkey (person_id);

-- What somebody agreed to with a passkey. The id is that of the ceremony, so that
-- an assertion serves one step only.
CREATE TABLE assertion (
    id                 uuid PRIMARY KEY,
    person_id          uuid NOT NULL REFERENCES person,
    session_id         text NOT NULL,
    passkey_id         uuid,
    purpose            text NOT NULL CHECK (purpose ~ '^[a-z][a-z_]{2,39}$'),
    digest             bytea NOT NULL CHECK (length(digest) = 32),
    nonce              bytea NOT NULL CHECK (length(nonce) = 32),
    client_data        bytea,
    authenticator_data bytea,
    signature          bytea,
    sign_count         bigint NOT NULL CHECK (sign_count >= 0),
    method             text NOT NULL CHECK (method IN ('passkey', 'development')),
    at                 timestamptz NOT NULL,
    event_id           uuid NOT NULL,
    FOREIGN KEY (passkey_id, person_id) REFERENCES passkey (id, person_id),
    CHECK ((method = 'passkey') = (num_nonnulls(passkey_id, client_data, authenticator_data, signature) = 4)),
    CHECK (method = 'passkey' OR num_nonnulls(passkey_id, client_data, authenticator_data, signature) = 0)
);
CREATE INDEX assertion_passkey ON assertion (passkey_id, at DESC);
CREATE INDEX assertion_person ON assertion (person_id, at DESC);

-- A ceremony is machinery: the challenge that a browser was given, for a few
-- minutes. It is bound to the browser (by a cookie's hash) or to the session.
CREATE TABLE ceremony (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('register', 'sign_in', 'step_up', 'provider')),
    person_id     uuid REFERENCES person,
    session_id    text NOT NULL,
    browser       bytea CHECK (length(browser) = 32),
    purpose       text NOT NULL,
    digest        bytea NOT NULL CHECK (length(digest) = 32),
    nonce         bytea NOT NULL CHECK (length(nonce) = 32),
    expires_at    timestamptz NOT NULL,
    CHECK (num_nonnulls(browser, nullif(session_id, '')) = 1)
);
CREATE INDEX ceremony_expiry ON ceremony (expires_at);

-- +goose StatementBegin
-- A passkey is what was registered; all that can happen to it is its removal,
-- which is final.
CREATE FUNCTION check_passkey() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['label', 'removed_at', 'removed_why', 'version', 'event_id'];
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'passkey %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'passkey %: what was registered does not change', NEW.id;
    END IF;
    IF OLD.removed_at IS NOT NULL THEN
        RAISE EXCEPTION 'passkey %: it was removed', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- An assertion is of a passkey that is in use, answers the very challenge of its
-- purpose, digest and nonce, and its counter goes forward.
-- SPEC: Web Authentication Level 3 §7.2 steps 11 and 22.
CREATE FUNCTION check_assertion() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    key passkey;
    last bigint;
    challenge text;
BEGIN
    IF NEW.method <> 'passkey' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO key FROM passkey WHERE id = NEW.passkey_id FOR UPDATE;
    IF key.removed_at IS NOT NULL THEN
        RAISE EXCEPTION 'assertion %: its passkey was removed', NEW.id;
    END IF;
    SELECT coalesce(max(sign_count), key.sign_count) INTO last FROM assertion WHERE passkey_id = NEW.passkey_id;
    IF NEW.sign_count <= last AND NOT (NEW.sign_count = 0 AND last = 0) THEN
        RAISE EXCEPTION 'assertion %: its counter % does not follow %', NEW.id, NEW.sign_count, last;
    END IF;
    challenge := rtrim(translate(encode(sha256('lerd step-up v1'::bytea || '\x00'::bytea || convert_to(NEW.purpose, 'UTF8') || '\x00'::bytea || NEW.digest || NEW.nonce), 'base64'), '+/', '-_'), '=');
    IF convert_from(NEW.client_data, 'UTF8')::jsonb ->> 'challenge' IS DISTINCT FROM challenge THEN
        RAISE EXCEPTION 'assertion %: it answers another challenge', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_progress BEFORE UPDATE ON passkey FOR EACH ROW EXECUTE FUNCTION check_passkey();
CREATE TRIGGER check_answer BEFORE INSERT ON assertion FOR EACH ROW EXECUTE FUNCTION check_assertion();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON assertion FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE passkey ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE assertion ENABLE ALWAYS TRIGGER check_answer;
ALTER TABLE assertion ENABLE ALWAYS TRIGGER written_once;

-- An invitation lets one person register their first passkey. Whoever has its
-- code alone has nothing: the account comes alive when somebody else has heard
-- the key's fingerprint from the person and typed it in.
CREATE TABLE invitation (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES person,
    agency_id    uuid REFERENCES agency,
    role         text NOT NULL,
    revetting    boolean NOT NULL,
    code_hash    bytea NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    invited_by   uuid REFERENCES person, -- nobody: the server's own command
    invited_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('open', 'enrolled', 'confirmed', 'cancelled')),
    passkey_id   uuid,
    enrolled_at  timestamptz,
    tries        integer NOT NULL CHECK (tries BETWEEN 0 AND 5),
    confirmed_by uuid REFERENCES person,
    confirmed_at timestamptz,
    version      bigint NOT NULL,
    event_id     uuid NOT NULL,
    FOREIGN KEY (passkey_id, person_id) REFERENCES passkey (id, person_id),
    CHECK (expires_at > invited_at AND expires_at <= invited_at + interval '72 hours'),
    CHECK ((passkey_id IS NULL) = (enrolled_at IS NULL)),
    CHECK (state NOT IN ('enrolled', 'confirmed') OR (passkey_id IS NOT NULL AND enrolled_at < expires_at)),
    CHECK ((state = 'confirmed') = (confirmed_at IS NOT NULL)),
    CHECK (confirmed_by IS NULL OR state = 'confirmed'),
    CHECK (invited_by <> person_id AND confirmed_by <> person_id),
    -- of the platform's own people, two others know
    CHECK (role IN ('officer', 'agency_admin') OR confirmed_by <> invited_by)
);
CREATE UNIQUE INDEX invitation_open ON invitation (person_id) WHERE state IN ('open', 'enrolled');

-- What happens to an auditor's account takes two other auditors.
CREATE TABLE account_change (
    id          uuid PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES person,
    what        text NOT NULL CHECK (what IN ('suspend', 'revet')),
    why         text NOT NULL,
    proposed_by uuid NOT NULL REFERENCES person,
    proposed_at timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('proposed', 'done', 'declined')),
    decided_by  uuid REFERENCES person,
    decided_at  timestamptz,
    version     bigint NOT NULL,
    event_id    uuid NOT NULL,
    CHECK (proposed_by <> person_id AND decided_by <> person_id),
    CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'done' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX account_change_open ON account_change (person_id) WHERE state = 'proposed';

-- Staff whom the company's own provider knows. Nobody comes into being by it.
CREATE TABLE provider_account (
    id         uuid PRIMARY KEY,
    person_id  uuid NOT NULL REFERENCES person,
    issuer     text NOT NULL CHECK (issuer <> ''),
    subject    text NOT NULL CHECK (subject <> ''),
    linked_by  uuid REFERENCES person,
    linked_at  timestamptz NOT NULL,
    removed_at timestamptz,
    version    bigint NOT NULL,
    event_id   uuid NOT NULL
);
CREATE UNIQUE INDEX provider_account_open ON provider_account (issuer, subject) WHERE removed_at IS NULL;

-- +goose StatementBegin
-- Who may confirm an invitation to a role: administrators for staff, auditors for
-- auditors, registrars for an agency's administrator, and that one for officers.
-- The server's own command confirms administrators and auditors while there are
-- fewer than two of them.
CREATE FUNCTION check_invitation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'passkey_id', 'enrolled_at', 'tries', 'confirmed_by', 'confirmed_at', 'version', 'event_id'];
    by_role text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' OR NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.role = NEW.role AND p.agency_id IS NOT DISTINCT FROM NEW.agency_id AND NOT p.active) THEN
            RAISE EXCEPTION 'invitation %: it is not for the person that it names', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'invitation %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress OR NEW.tries < OLD.tries
       OR OLD.passkey_id IS NOT NULL AND NEW.passkey_id IS DISTINCT FROM OLD.passkey_id THEN
        RAISE EXCEPTION 'invitation %: what was offered does not change', NEW.id;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('open', 'enrolled'), ('open', 'cancelled'), ('enrolled', 'enrolled'), ('enrolled', 'confirmed'), ('enrolled', 'cancelled')) THEN
        RAISE EXCEPTION 'invitation %: no step leads from "%" to "%"', NEW.id, OLD.state, NEW.state;
    END IF;
    IF NEW.state = 'confirmed' THEN
        IF NEW.confirmed_by IS NULL THEN
            IF NEW.role NOT IN ('administrator', 'auditor') OR (SELECT count(*) FROM person p WHERE p.role = NEW.role AND p.active) >= 2 THEN
                RAISE EXCEPTION 'invitation %: the server may confirm the first two administrators and auditors only', NEW.id;
            END IF;
            RETURN NEW;
        END IF;
        by_role := CASE NEW.role WHEN 'officer' THEN 'agency_admin' WHEN 'agency_admin' THEN 'registrar' WHEN 'auditor' THEN 'auditor' ELSE 'administrator' END;
        IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.confirmed_by AND p.active AND p.role = by_role AND (NEW.role <> 'officer' OR p.agency_id = NEW.agency_id)) THEN
            RAISE EXCEPTION 'invitation %: whoever confirmed it may not', NEW.id;
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_account_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    who uuid := coalesce(NEW.decided_by, NEW.proposed_by);
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.active AND p.role = 'auditor') THEN
        RAISE EXCEPTION 'change %: an auditor decides on an auditor, and nobody else', NEW.id;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state <> 'proposed' OR NEW.version <> OLD.version + 1
       OR (NEW.id, NEW.person_id, NEW.what, NEW.why, NEW.proposed_by, NEW.proposed_at) IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.what, OLD.why, OLD.proposed_by, OLD.proposed_at)) THEN
        RAISE EXCEPTION 'change %: what was proposed does not change', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_provider_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.agency_id IS NULL) THEN
        RAISE EXCEPTION 'provider account %: it is for the platform''s own people', NEW.id;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.removed_at IS NOT NULL OR NEW.version <> OLD.version + 1
       OR (NEW.id, NEW.person_id, NEW.issuer, NEW.subject, NEW.linked_by, NEW.linked_at) IS DISTINCT FROM (OLD.id, OLD.person_id, OLD.issuer, OLD.subject, OLD.linked_by, OLD.linked_at)) THEN
        RAISE EXCEPTION 'provider account %: it can be removed, and nothing else', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- What lets an account come alive in the step of an event: an invitation that is
-- confirmed in it. A later migration may know another way.
CREATE FUNCTION account_comes_alive(person uuid, event uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = person AND i.state = 'confirmed' AND i.event_id = event)
$$;

-- Runs at commit: an account comes alive only so, and an auditor's ends by what
-- two other auditors decided in the same step.
CREATE FUNCTION check_person_standing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p person;
BEGIN
    SELECT * INTO p FROM person WHERE id = NEW.id;
    IF p.role IS DISTINCT FROM OLD.role OR p.agency_id IS DISTINCT FROM OLD.agency_id THEN
        RAISE EXCEPTION 'person %: role and agency do not change', p.id;
    END IF;
    IF NEW.active AND NOT OLD.active AND NOT account_comes_alive(NEW.id, NEW.event_id) THEN
        RAISE EXCEPTION 'person %: an account comes alive by a confirmed invitation', NEW.id;
    END IF;
    IF OLD.role = 'auditor' AND OLD.active AND NOT NEW.active AND NOT EXISTS (SELECT 1 FROM account_change c WHERE c.person_id = NEW.id AND c.state = 'done' AND c.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'person %: two other auditors decide on an auditor', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- Sessions end with the standing, whoever changes it.
CREATE FUNCTION end_sessions_of_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE session SET ended_at = clock_timestamp() WHERE person_id = NEW.id AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION end_sessions_of_agency() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE session s SET ended_at = clock_timestamp() FROM person p WHERE p.id = s.person_id AND p.agency_id = NEW.id AND s.ended_at IS NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_progress BEFORE INSERT OR UPDATE ON invitation FOR EACH ROW EXECUTE FUNCTION check_invitation();
CREATE TRIGGER check_progress BEFORE INSERT OR UPDATE ON account_change FOR EACH ROW EXECUTE FUNCTION check_account_change();
CREATE TRIGGER check_progress BEFORE INSERT OR UPDATE ON provider_account FOR EACH ROW EXECUTE FUNCTION check_provider_account();
CREATE CONSTRAINT TRIGGER check_standing AFTER UPDATE ON person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_person_standing();
CREATE TRIGGER end_sessions AFTER UPDATE ON person FOR EACH ROW WHEN (OLD.active AND NOT NEW.active) EXECUTE FUNCTION end_sessions_of_person();
CREATE TRIGGER end_sessions AFTER UPDATE ON agency FOR EACH ROW WHEN (OLD.standing = 'verified' AND NEW.standing <> 'verified') EXECUTE FUNCTION end_sessions_of_agency();
ALTER TABLE invitation ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE account_change ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE provider_account ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE person ENABLE ALWAYS TRIGGER check_standing;
ALTER TABLE person ENABLE ALWAYS TRIGGER end_sessions;
ALTER TABLE agency ENABLE ALWAYS TRIGGER end_sessions;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY['public.unit', 'public.passkey', 'public.assertion', 'public.invitation', 'public.account_change', 'public.provider_account']) AS t;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    ALTER TABLE unit ENABLE ROW LEVEL SECURITY;
    CREATE POLICY unit_of_agency ON unit TO lerd_app USING (may_see_agency(agency_id)) WITH CHECK (may_see_agency(agency_id) AND lerd_scope() <> 'auditor');
    -- Whoever takes a step writes its assertion; only lerd itself reads them.
    FOREACH t IN ARRAY ARRAY['passkey', 'assertion'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY read ON %I FOR SELECT TO lerd_app USING (lerd_scope() IN (''system'', ''auditor''))', t);
        EXECUTE format('CREATE POLICY write ON %I FOR INSERT TO lerd_app WITH CHECK (lerd_scope() <> '''')', t);
    END LOOP;
    CREATE POLICY change ON passkey FOR UPDATE TO lerd_app USING (lerd_scope() = 'system') WITH CHECK (lerd_scope() = 'system');
    -- Accounts are lerd's own to read and write, after the policy was asked.
    FOREACH t IN ARRAY ARRAY['invitation', 'account_change', 'provider_account'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own ON %I TO lerd_app USING (lerd_scope() = ''system'') WITH CHECK (lerd_scope() = ''system'')', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['unit', 'passkey', 'assertion', 'invitation', 'account_change', 'provider_account'] LOOP
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT ON unit, passkey, assertion, invitation, account_change, provider_account, ceremony TO lerd_app;
GRANT SELECT ON unit, passkey, assertion, invitation, account_change, provider_account TO lerd_auditor;
GRANT INSERT ON unit, passkey, assertion, invitation, account_change, provider_account, ceremony TO lerd_app;
-- The triggers say which columns may change.
GRANT UPDATE ON unit, passkey, invitation, account_change, provider_account TO lerd_app;
GRANT DELETE ON ceremony TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
