-- With which keys bundles are sealed, stamped and logged, as they are published,
-- and in which form each agency's bundles are encrypted.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- A key stays published for ever: what was sealed with it must be verifiable.
CREATE TABLE signing_key (
    id             uuid PRIMARY KEY,
    purpose        text NOT NULL CHECK (purpose IN ('seal', 'time_stamp', 'log')),
    key_id         text NOT NULL CHECK (key_id <> ''),
    material       text NOT NULL CHECK (material <> ''),
    sha256         text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    standing       text NOT NULL CHECK (standing IN ('announced', 'current', 'rotated', 'compromised')),
    published_at   timestamptz NOT NULL,
    rotated_at     timestamptz,
    compromised_at timestamptz,
    reason         text NOT NULL,
    version        bigint NOT NULL CHECK (version > 0),
    event_id       uuid NOT NULL,
    UNIQUE (purpose, sha256),
    CHECK (standing <> 'rotated' OR rotated_at IS NOT NULL),
    CHECK ((standing = 'compromised') = (compromised_at IS NOT NULL)),
    CHECK (standing <> 'compromised' OR reason <> '')
);
-- One key seals at a time.
CREATE UNIQUE INDEX signing_key_seal ON signing_key (purpose) WHERE purpose = 'seal' AND standing = 'current';

-- How an agency's bundles are encrypted, where it differs from GCM to the one
-- certificate in agency.cert_pem. The id is the agency's.
CREATE TABLE delivery_form (
    id        uuid PRIMARY KEY REFERENCES agency,
    profile   text NOT NULL CHECK (profile IN ('cms-gcm', 'cms-cbc', 'age')),
    certs_pem text NOT NULL,
    age       text NOT NULL,
    version   bigint NOT NULL CHECK (version > 0),
    event_id  uuid NOT NULL,
    CHECK ((profile = 'age') = (age <> '')),
    CHECK (profile <> 'age' OR certs_pem = '')
);

-- In which form a release was encrypted; those of before were all GCM.
ALTER TABLE release ADD COLUMN profile text NOT NULL DEFAULT '' CHECK (profile IN ('', 'cms-gcm', 'cms-cbc', 'age'));

-- +goose StatementBegin
CREATE FUNCTION check_release_form() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.profile IS DISTINCT FROM NEW.profile AND OLD.state NOT IN ('approved', 'intended', 'sealed') THEN
        RAISE EXCEPTION 'release %: its form is settled while it is exported', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_form BEFORE UPDATE ON release FOR EACH ROW EXECUTE FUNCTION check_release_form();
ALTER TABLE release ENABLE ALWAYS TRIGGER check_form;

-- +goose StatementBegin
-- What was published does not change; a key goes from announced to current to
-- rotated, and from anywhere to compromised, which is final.
CREATE FUNCTION check_signing_key() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['standing', 'rotated_at', 'compromised_at', 'reason', 'version', 'event_id'];
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'signing key %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'signing key %: what was published does not change', NEW.id;
    END IF;
    IF (OLD.standing, NEW.standing) NOT IN (('announced', 'current'), ('current', 'rotated'),
            ('announced', 'compromised'), ('current', 'compromised'), ('rotated', 'compromised')) THEN
        RAISE EXCEPTION 'signing key %: it does not go from % to %', NEW.id, OLD.standing, NEW.standing;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_progress BEFORE UPDATE ON signing_key FOR EACH ROW EXECUTE FUNCTION check_signing_key();
ALTER TABLE signing_key ENABLE ALWAYS TRIGGER check_progress;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY['public.signing_key', 'public.delivery_form']) AS t;

-- Keys are public; only lerd itself writes them.
ALTER TABLE signing_key ENABLE ROW LEVEL SECURITY;
CREATE POLICY read ON signing_key FOR SELECT TO lerd_app USING (true);
CREATE POLICY publish ON signing_key FOR INSERT TO lerd_app WITH CHECK (lerd_scope() = 'system');
CREATE POLICY change ON signing_key FOR UPDATE TO lerd_app USING (lerd_scope() = 'system') WITH CHECK (lerd_scope() = 'system');
CREATE POLICY all_to_auditor ON signing_key FOR SELECT TO lerd_auditor USING (true);
ALTER TABLE delivery_form ENABLE ROW LEVEL SECURITY;
CREATE POLICY form_of_agency ON delivery_form FOR SELECT TO lerd_app USING (may_see_agency(id));
CREATE POLICY set_by_registrar ON delivery_form FOR INSERT TO lerd_app WITH CHECK (lerd_scope() IN ('registrar', 'system'));
CREATE POLICY change ON delivery_form FOR UPDATE TO lerd_app USING (lerd_scope() IN ('registrar', 'system')) WITH CHECK (lerd_scope() IN ('registrar', 'system'));
CREATE POLICY all_to_auditor ON delivery_form FOR SELECT TO lerd_auditor USING (true);

GRANT SELECT ON signing_key, delivery_form TO lerd_app, lerd_auditor;
GRANT INSERT ON signing_key, delivery_form TO lerd_app;
GRANT UPDATE (standing, rotated_at, compromised_at, reason, version, event_id) ON signing_key TO lerd_app;
GRANT UPDATE (profile, certs_pem, age, version, event_id) ON delivery_form TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
