-- Intake: the second signature of an agency before a request counts as
-- submitted, what each signer signed, and the way back into a draft.

-- +goose Up

SET LOCAL ROLE lerd_owner;

INSERT INTO request_transition VALUES
    ('', 'awaiting_cosignature'),
    ('awaiting_cosignature', 'submitted'), ('awaiting_cosignature', 'redrafted'), ('awaiting_cosignature', 'withdrawn'),
    ('submitted', 'redrafted');

-- Whether a process wants a second signature, as the policy files state it;
-- process_id '' is every process that has no row of its own.
CREATE TABLE cosignature_rule (
    id         text PRIMARY KEY,
    process_id text NOT NULL,
    emergency  boolean NOT NULL,
    mode       text NOT NULL CHECK (mode IN ('required', 'usual', 'optional')),
    version    bigint NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (process_id, emergency)
);

-- What an agency has chosen where the policy leaves it the choice; process_id
-- '' is every process without a choice of its own.
CREATE TABLE cosignature_choice (
    id         uuid PRIMARY KEY,
    agency_id  uuid NOT NULL REFERENCES agency,
    process_id text NOT NULL,
    wanted     boolean NOT NULL,
    version    bigint NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (agency_id, process_id)
);

-- What somebody of the agency signed: the digest over the request as it was
-- read, under a text whose hash is kept.
CREATE TABLE request_signature (
    id                 uuid PRIMARY KEY,
    request_id         uuid NOT NULL,
    agency_id          uuid NOT NULL,
    officer_id         uuid NOT NULL,
    signed_by          uuid NOT NULL REFERENCES person,
    kind               text NOT NULL CHECK (kind IN ('submit', 'cosign')),
    digest             text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    attestation        text NOT NULL,
    attestation_sha256 text NOT NULL CHECK (attestation_sha256 ~ '^[0-9a-f]{64}$'),
    method             text NOT NULL,
    assertion          uuid NOT NULL REFERENCES assertion,
    at                 timestamptz NOT NULL,
    event_id           uuid NOT NULL,
    UNIQUE (request_id, kind),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    FOREIGN KEY (request_id, officer_id) REFERENCES request (id, officer_id),
    -- the officer signs first, and somebody else second
    CHECK ((kind = 'submit') = (signed_by = officer_id))
);

-- +goose StatementBegin
CREATE FUNCTION cosignature_wanted(agency uuid, process text, urgent boolean) RETURNS boolean LANGUAGE sql STABLE
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE coalesce(
            (SELECT r.mode FROM cosignature_rule r WHERE r.process_id IN (process, '') AND r.emergency = urgent ORDER BY r.process_id DESC LIMIT 1), 'usual')
        WHEN 'required' THEN true
        WHEN 'usual' THEN coalesce((SELECT c.wanted FROM cosignature_choice c WHERE c.agency_id = agency AND c.process_id IN (process, '')
                                    ORDER BY c.process_id DESC LIMIT 1), true)
        ELSE coalesce((SELECT c.wanted FROM cosignature_choice c WHERE c.agency_id = agency AND c.process_id IN (process, '')
                       ORDER BY c.process_id DESC LIMIT 1), false)
    END
$$;

CREATE OR REPLACE FUNCTION check_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was text := '';
    -- what changes while a case goes on; all else is what the agency signed
    progress text[] := ARRAY['state', 'version', 'effect_by', 'due_explained', 'reviewer_id', 'claimed_at', 'verdict',
                             'refusals', 'reasons', 'closed_at', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.officer_id AND p.role = 'officer' AND p.agency_id = NEW.agency_id) THEN
        RAISE EXCEPTION 'request %: it does not come from an officer of its agency', NEW.id;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id THEN
        IF (OLD.state, NEW.state) NOT IN (('submitted', 'in_review'), ('in_review', 'submitted')) THEN
            RAISE EXCEPTION 'request %: a case changes hands only when it is claimed or given back', NEW.id;
        END IF;
        IF NEW.reviewer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.reviewer_id AND p.role = 'reviewer' AND p.active) THEN
            RAISE EXCEPTION 'request %: a reviewer holds a case, and nobody else', NEW.id;
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        was := OLD.state;
        IF NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'request %: version % does not follow %', NEW.id, NEW.version, OLD.version;
        END IF;
        IF was = 'awaiting_cosignature' AND NEW.state = 'submitted' THEN -- the clocks of the law start here
            progress := progress || ARRAY['received_at', 'acknowledge_by', 'legal_zone'];
        END IF;
        IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
            RAISE EXCEPTION 'request %: what the agency signed does not change', NEW.id;
        END IF;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM request_transition WHERE from_state = was AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'request %: no step leads from "%" to "%"', NEW.id, was, NEW.state;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.state = 'submitted' AND cosignature_wanted(NEW.agency_id, NEW.process_id, NEW.emergency) THEN
        RAISE EXCEPTION 'request %: its agency wants a second signature', NEW.id;
    END IF;
    IF was = 'submitted' AND NEW.state = 'redrafted' AND (OLD.emergency OR NEW.closed_at IS NULL
        OR NEW.closed_at NOT BETWEEN OLD.received_at AND OLD.received_at + interval '10 minutes') THEN
        RAISE EXCEPTION 'request %: it can no longer be taken back', NEW.id;
    END IF;
    IF NEW.state IN ('qualified', 'awaiting_confirmation', 'confirmed', 'approved', 'exported', 'delivered', 'closed')
       AND (NEW.verdict <> 'qualified' OR NEW.reviewer_id IS NULL) THEN
        RAISE EXCEPTION 'request %: state "%" needs a qualified verdict by a reviewer', NEW.id, NEW.state;
    END IF;
    RETURN NEW;
END $$;

-- A request that came to be submitted has the signature of its officer, and
-- where it waited for a second one, that of another over the same digest.
CREATE FUNCTION check_signatures() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was text := CASE WHEN TG_OP = 'UPDATE' THEN OLD.state ELSE '' END;
BEGIN
    IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT 1 FROM request_signature g WHERE g.request_id = NEW.id AND g.kind = 'submit') THEN
        RAISE EXCEPTION 'request %: its officer has not signed it', NEW.id;
    END IF;
    IF was = 'awaiting_cosignature' AND NEW.state = 'submitted' AND NOT EXISTS (
        SELECT 1 FROM request_signature c JOIN request_signature g ON g.request_id = c.request_id AND g.kind = 'submit' AND g.digest = c.digest
        WHERE c.request_id = NEW.id AND c.kind = 'cosign' AND c.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'request %: nobody has signed it a second time', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- Signatures come with the step that they belong to, by people of the agency;
-- the second one by a supervisor.
CREATE FUNCTION check_signature() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'signature %: it does not belong to a step of its request', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.signed_by AND p.agency_id = NEW.agency_id AND p.role = 'officer' AND p.active) THEN
        RAISE EXCEPTION 'signature %: an officer of the agency signs, and nobody else', NEW.id;
    END IF;
    IF NEW.kind = 'cosign' AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.signed_by AND p.supervisor) THEN
        RAISE EXCEPTION 'signature %: a supervisor signs second', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM assertion a WHERE a.id = NEW.assertion AND a.person_id = NEW.signed_by AND a.event_id = NEW.event_id
                   AND a.purpose = NEW.kind AND a.digest = decode(NEW.digest, 'hex') AND a.method = NEW.method) THEN
        RAISE EXCEPTION 'signature %: its assertion is of something else', NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER check_signatures AFTER INSERT OR UPDATE ON request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_signatures();
CREATE CONSTRAINT TRIGGER check_signature AFTER INSERT ON request_signature
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_signature();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON request_signature FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE request ENABLE ALWAYS TRIGGER check_signatures;
ALTER TABLE request_signature ENABLE ALWAYS TRIGGER check_signature;
ALTER TABLE request_signature ENABLE ALWAYS TRIGGER written_once;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY['public.cosignature_rule', 'public.cosignature_choice', 'public.request_signature']) AS t;

-- What the agency has not yet submitted is nobody's but the agency's.
CREATE POLICY after_cosignature ON request AS RESTRICTIVE TO lerd_app
    USING (state NOT IN ('awaiting_cosignature', 'redrafted') OR lerd_scope() IN ('officer', 'auditor', 'system'));
-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['cosignature_choice', 'request_signature'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY case_of_agency ON %I TO lerd_app USING (may_see_case(agency_id)) WITH CHECK (may_see_case(agency_id) AND lerd_scope() <> ''auditor'')', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT ON cosignature_rule, cosignature_choice, request_signature TO lerd_app, lerd_auditor;
GRANT INSERT ON cosignature_rule, cosignature_choice, request_signature TO lerd_app;
GRANT UPDATE ON cosignature_rule, cosignature_choice TO lerd_app;

-- A draft is nobody's business but its unit's: machinery like a session, not a
-- row of the log. Its text is sealed under a key of its own, which is wrapped by
-- a key outside the database; without both it is erased.
CREATE TABLE draft (
    id         uuid PRIMARY KEY,
    agency_id  uuid NOT NULL REFERENCES agency,
    unit_id    uuid,
    owner_id   uuid NOT NULL REFERENCES person,
    state      text NOT NULL CHECK (state IN ('open', 'sent', 'erased')),
    request_id uuid REFERENCES request,
    sealed     bytea,
    sealed_key bytea,
    blob       text NOT NULL,
    version    bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    warned_at  timestamptz,
    FOREIGN KEY (unit_id, agency_id) REFERENCES unit (id, agency_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK (state <> 'sent' OR request_id IS NOT NULL),
    CHECK (num_nonnulls(sealed, sealed_key) = CASE state WHEN 'erased' THEN 0 ELSE 2 END),
    CHECK (state <> 'erased' OR blob = '')
);
CREATE INDEX draft_open ON draft (agency_id, changed_at DESC) WHERE state = 'open';
CREATE INDEX draft_expiry ON draft (expires_at) WHERE state <> 'erased';
CREATE UNIQUE INDEX draft_request ON draft (request_id) WHERE request_id IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION check_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'draft %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF OLD.state = 'erased' THEN
        RAISE EXCEPTION 'draft %: it was erased', NEW.id;
    END IF;
    IF (NEW.agency_id, NEW.unit_id, NEW.created_at) IS DISTINCT FROM (OLD.agency_id, OLD.unit_id, OLD.created_at) THEN
        RAISE EXCEPTION 'draft %: it stays with its unit', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_draft BEFORE UPDATE ON draft FOR EACH ROW EXECUTE FUNCTION check_draft();
ALTER TABLE draft ENABLE ALWAYS TRIGGER check_draft;
ALTER TABLE draft ENABLE ROW LEVEL SECURITY;
CREATE POLICY draft_of_agency ON draft TO lerd_app
    USING (lerd_scope() = 'system' OR (lerd_scope() = 'officer' AND agency_id::text = coalesce(current_setting('lerd.agency', true), '')));
GRANT SELECT, INSERT, UPDATE ON draft TO lerd_app;

-- What an agency asked before about the same account, for the hint at entry.
CREATE INDEX target_asked ON target (agency_id, kind, identifier);

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
