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
    kind          text NOT NULL CHECK (kind IN ('register', 'sign_in', 'step_up')),
    person_id     uuid REFERENCES person,
    session_id    text NOT NULL,
    browser       bytea CHECK (length(browser) = 32),
    purpose       text NOT NULL,
    digest        bytea NOT NULL CHECK (length(digest) = 32),
    nonce         bytea NOT NULL CHECK (length(nonce) = 32),
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz,
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

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY['public.unit', 'public.passkey', 'public.assertion']) AS t;

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
    FOREACH t IN ARRAY ARRAY['unit', 'passkey', 'assertion'] LOOP
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT ON unit, passkey, assertion, ceremony TO lerd_app;
GRANT SELECT ON unit, passkey, assertion TO lerd_auditor;
GRANT INSERT ON unit, passkey, assertion, ceremony TO lerd_app;
GRANT UPDATE (name, active, version, event_id) ON unit TO lerd_app;
GRANT UPDATE (label, removed_at, removed_why, version, event_id) ON passkey TO lerd_app;
GRANT UPDATE (used_at) ON ceremony TO lerd_app;
GRANT DELETE ON ceremony TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
