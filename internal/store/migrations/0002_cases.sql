-- The case: agencies, people, requests, their targets, documents, checks,
-- decisions, findings and releases. Every table carries the id of the audit
-- event that wrote each row; audit.guard_table (0001) refuses a commit without
-- it. The gates of a release stand here a second time, as keys and triggers,
-- so that a defect in the program cannot open them.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE TABLE agency (
    id        uuid PRIMARY KEY,
    name      text NOT NULL,
    country   text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    zone      text NOT NULL,
    domain    text NOT NULL,
    call_back text NOT NULL,
    cert_pem  text NOT NULL,
    standing  text NOT NULL CHECK (standing IN ('verified', 'suspended')),
    version   bigint NOT NULL,
    event_id  uuid NOT NULL
);

CREATE TABLE person (
    id        uuid PRIMARY KEY,
    name      text NOT NULL,
    sign_in   text NOT NULL UNIQUE,
    pseudonym text NOT NULL UNIQUE,
    role      text NOT NULL CHECK (role IN ('officer', 'reviewer', 'counsel', 'confirmer', 'approver', 'auditor')),
    agency_id uuid REFERENCES agency,
    active    boolean NOT NULL,
    version   bigint NOT NULL,
    event_id  uuid NOT NULL,
    CHECK ((role = 'officer') = (agency_id IS NOT NULL))
);

-- Sessions and idempotency keys are machinery, not business: a sign-in is an
-- event of its own, and a key is written in the transaction of the step it names.
CREATE TABLE session (
    id         uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    person_id  uuid NOT NULL REFERENCES person,
    role       text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX session_person ON session (person_id);

CREATE TABLE idempotency (
    person_id   uuid NOT NULL,
    key         uuid NOT NULL,
    body_sha256 bytea NOT NULL CHECK (length(body_sha256) = 32),
    outcome     text NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (person_id, key)
);

-- Which platform rule answers to which class of offence, as published by the
-- policy files. A release needs the pair of its finding and its order here.
CREATE TABLE rule_offence (
    rule_id       text NOT NULL,
    rule_version  integer NOT NULL,
    offence_class text NOT NULL,
    event_id      uuid NOT NULL,
    PRIMARY KEY (rule_id, rule_version, offence_class)
);

CREATE TABLE document (
    id          uuid PRIMARY KEY,
    agency_id   uuid NOT NULL REFERENCES agency,
    uploaded_by uuid NOT NULL REFERENCES person,
    file_name   text NOT NULL,
    sha256      text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    bytes       bigint NOT NULL CHECK (bytes > 0),
    pages       integer NOT NULL CHECK (pages > 0),
    at          timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    UNIQUE (id, agency_id)
);

CREATE TABLE request (
    id                  uuid PRIMARY KEY,
    ref                 text NOT NULL UNIQUE,
    agency_id           uuid NOT NULL REFERENCES agency,
    officer_id          uuid NOT NULL REFERENCES person,
    process_id          text NOT NULL,
    process_version     integer NOT NULL,
    process_digest      text NOT NULL,
    state               text NOT NULL,
    version             bigint NOT NULL CHECK (version > 0),
    emergency           boolean NOT NULL,
    emergency_reason    text NOT NULL,
    issuer_kind         text NOT NULL,
    issuer_name         text NOT NULL,
    validator_kind      text NOT NULL,
    order_number        text NOT NULL,
    issued_on           date NOT NULL,
    expires_on          date,
    return_on           date,
    order_signed        boolean NOT NULL,
    order_language      text NOT NULL,
    legal_basis         text NOT NULL,
    addressee           text NOT NULL,
    document_id         uuid NOT NULL REFERENCES document,
    offence_class       text NOT NULL,
    offence_provision   text NOT NULL,
    offence_text        text NOT NULL,
    max_penalty_months  integer NOT NULL CHECK (max_penalty_months >= 0),
    by_network          boolean NOT NULL,
    need                text NOT NULL,
    confidential        boolean NOT NULL,
    confidential_until  date,
    confidential_basis  text NOT NULL,
    received_at         timestamptz NOT NULL,
    legal_zone          text NOT NULL,
    acknowledge_by      timestamptz,
    effect_by           timestamptz,
    due_explained       text NOT NULL,
    attested            text NOT NULL,
    further             text NOT NULL,
    reviewer_id         uuid REFERENCES person,
    claimed_at          timestamptz,
    verdict             text NOT NULL CHECK (verdict IN ('', 'qualified', 'refused')),
    refusals            text NOT NULL,
    reasons             text NOT NULL,
    closed_at           timestamptz,
    event_id            uuid NOT NULL,
    UNIQUE (id, officer_id),
    UNIQUE (id, offence_class),
    UNIQUE (id, agency_id),
    FOREIGN KEY (document_id, agency_id) REFERENCES document (id, agency_id),
    CHECK (reviewer_id IS NULL OR reviewer_id <> officer_id)
);
CREATE INDEX request_queue ON request (state, effect_by);
CREATE INDEX request_agency ON request (agency_id, received_at DESC);

-- The checks below run as the owner, so that row-level security hides nothing
-- from them, whoever acts; pg_temp comes last, so that nobody can show them
-- temporary tables in the place of these.

-- +goose StatementBegin
CREATE TABLE request_transition (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
-- The same table as internal/requests/state.go; a test compares the two.
INSERT INTO request_transition VALUES
    ('', 'submitted'),
    ('submitted', 'in_review'), ('submitted', 'withdrawn'),
    ('in_review', 'in_review'), ('in_review', 'submitted'), ('in_review', 'needs_information'),
    ('in_review', 'refused'), ('in_review', 'qualified'), ('in_review', 'legal_conflict'), ('in_review', 'withdrawn'),
    ('needs_information', 'in_review'), ('needs_information', 'withdrawn'), ('needs_information', 'expired'),
    ('qualified', 'awaiting_confirmation'), ('qualified', 'no_data'), ('qualified', 'withdrawn'),
    ('awaiting_confirmation', 'confirmed'), ('awaiting_confirmation', 'refused'),
    ('awaiting_confirmation', 'legal_conflict'), ('awaiting_confirmation', 'withdrawn'),
    ('confirmed', 'approved'), ('confirmed', 'in_review'), ('confirmed', 'withdrawn'), ('confirmed', 'no_data'),
    ('legal_conflict', 'refused'), ('legal_conflict', 'in_review'), ('legal_conflict', 'withdrawn'),
    ('approved', 'exported'), ('approved', 'in_review'), ('exported', 'delivered'), ('delivered', 'delivered'), ('delivered', 'closed');

CREATE FUNCTION check_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was text := '';
    -- what changes while a case goes on; all else is what the agency signed
    progress CONSTANT text[] := ARRAY['state', 'version', 'effect_by', 'due_explained', 'reviewer_id', 'claimed_at', 'verdict',
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
        IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
            RAISE EXCEPTION 'request %: what the agency signed does not change', NEW.id;
        END IF;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM request_transition WHERE from_state = was AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'request %: no step leads from "%" to "%"', NEW.id, was, NEW.state;
    END IF;
    IF NEW.state IN ('qualified', 'awaiting_confirmation', 'confirmed', 'approved', 'exported', 'delivered', 'closed')
       AND (NEW.verdict <> 'qualified' OR NEW.reviewer_id IS NULL) THEN
        RAISE EXCEPTION 'request %: state "%" needs a qualified verdict by a reviewer', NEW.id, NEW.state;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_request BEFORE INSERT OR UPDATE ON request FOR EACH ROW EXECUTE FUNCTION check_request();
ALTER TABLE request ENABLE ALWAYS TRIGGER check_request;

CREATE TABLE target (
    id              uuid PRIMARY KEY,
    request_id      uuid NOT NULL REFERENCES request,
    agency_id       uuid NOT NULL,
    ordinal         integer NOT NULL CHECK (ordinal > 0),
    kind            text NOT NULL CHECK (kind IN ('phone', 'username', 'account_id')),
    identifier      text NOT NULL,
    as_typed        text NOT NULL,
    holder_at       timestamptz,
    person_role     text NOT NULL CHECK (person_role IN ('suspect', 'victim', 'witness', 'third_party')),
    from_at         timestamptz NOT NULL,
    to_at           timestamptz NOT NULL,
    zone            text NOT NULL,
    want_phone      boolean NOT NULL,
    want_ip         boolean NOT NULL,
    purpose         text NOT NULL CHECK (purpose IN ('identify_user', 'traffic')),
    account_id      bigint,
    resolution      text NOT NULL CHECK (resolution IN ('', 'one', 'none', 'ambiguous')),
    alleged_rule    text NOT NULL,
    alleged_version integer NOT NULL,
    event_id        uuid NOT NULL,
    UNIQUE (request_id, ordinal),
    UNIQUE (id, request_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK (from_at < to_at),
    CHECK (want_phone OR want_ip),
    CHECK ((resolution = 'one') = (account_id IS NOT NULL))
);

-- +goose StatementBegin
-- A target stays as the agency signed it; only what lerd finds out changes, and
-- only while its case is being reviewed.
CREATE FUNCTION check_target() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    found CONSTANT text[] := ARRAY['account_id', 'resolution', 'alleged_rule', 'alleged_version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.version = 1 AND q.event_id = NEW.event_id) THEN
            RAISE EXCEPTION 'target %: targets come with their request and never later', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - found IS DISTINCT FROM to_jsonb(OLD) - found THEN
        RAISE EXCEPTION 'target %: what the agency signed does not change', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.state IN ('in_review', 'qualified')) THEN
        RAISE EXCEPTION 'target %: its case is not under review', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_target BEFORE INSERT OR UPDATE ON target FOR EACH ROW EXECUTE FUNCTION check_target();
ALTER TABLE target ENABLE ALWAYS TRIGGER check_target;

CREATE TABLE check_answer (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL REFERENCES request,
    agency_id   uuid NOT NULL,
    check_id    text NOT NULL,
    result      text NOT NULL CHECK (result IN ('pass', 'fail', 'needs_info', 'not_applicable')),
    automatic   boolean NOT NULL,
    note        text NOT NULL,
    target_ref  text NOT NULL,
    place       text NOT NULL,
    answered_by text NOT NULL,
    answered_as text NOT NULL,
    at          timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);
CREATE INDEX check_answer_request ON check_answer (request_id, check_id, at);

CREATE TABLE message (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES request,
    agency_id  uuid NOT NULL,
    from_role  text NOT NULL,
    from_name  text NOT NULL,
    body       text NOT NULL,
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);
CREATE INDEX message_request ON message (request_id, at);

-- A decision is never changed: another one, with the next version, takes its
-- place. So what a release rests on stays as it was.
CREATE TABLE decision (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES request,
    agency_id  uuid NOT NULL,
    target_id  uuid NOT NULL,
    category   text NOT NULL CHECK (category IN ('phone_number', 'ip_address')),
    outcome    text NOT NULL CHECK (outcome IN ('produce', 'narrow', 'refuse', 'not_held')),
    reasons    text NOT NULL,
    note       text NOT NULL,
    from_at    timestamptz NOT NULL,
    to_at      timestamptz NOT NULL,
    decided_by uuid NOT NULL REFERENCES person,
    at         timestamptz NOT NULL,
    version    bigint NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (request_id, target_id, category, version),
    UNIQUE (id, request_id, target_id, category),
    UNIQUE (id, outcome),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    FOREIGN KEY (target_id, request_id) REFERENCES target (id, request_id),
    CHECK (from_at < to_at),
    CHECK (outcome IN ('produce', 'narrow') OR reasons <> '')
);

CREATE TABLE finding (
    id            uuid PRIMARY KEY,
    account_id    bigint NOT NULL,
    rule_id       text NOT NULL,
    rule_version  integer NOT NULL,
    state         text NOT NULL CHECK (state IN ('proposed', 'confirmed', 'rejected', 'overturned', 'expired')),
    evidence      text NOT NULL,
    appeal        text NOT NULL CHECK (appeal IN ('none', 'pending', 'upheld', 'overturned')),
    opened_at     timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    version       bigint NOT NULL,
    event_id      uuid NOT NULL,
    UNIQUE (id, account_id),
    UNIQUE (id, rule_id, rule_version)
);
CREATE INDEX finding_state ON finding (state, opened_at);

-- The link from a finding to the case that asked for it. Confirmers may not read it.
CREATE TABLE finding_ask (
    id         uuid PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES finding,
    request_id uuid NOT NULL REFERENCES request,
    agency_id  uuid NOT NULL,
    target_id  uuid NOT NULL,
    ordinal    integer NOT NULL CHECK (ordinal > 0), -- a case that went back may ask anew; the last one counts
    event_id   uuid NOT NULL,
    UNIQUE (request_id, target_id, ordinal),
    UNIQUE (request_id, target_id, finding_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    FOREIGN KEY (target_id, request_id) REFERENCES target (id, request_id)
);
CREATE INDEX finding_ask_finding ON finding_ask (finding_id);

CREATE TABLE confirmation (
    id         uuid PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES finding,
    person_id  uuid NOT NULL REFERENCES person,
    verdict    text NOT NULL CHECK (verdict IN ('confirmed', 'rejected')),
    evidence   text NOT NULL,
    note       text NOT NULL,
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (finding_id, person_id),
    UNIQUE (finding_id, person_id, verdict)
);

CREATE TABLE release (
    id               uuid PRIMARY KEY,
    ref              text NOT NULL UNIQUE,
    request_id       uuid NOT NULL REFERENCES request,
    agency_id        uuid NOT NULL,
    officer_id       uuid NOT NULL,
    reviewer_id      uuid NOT NULL REFERENCES person,
    approver_id      uuid REFERENCES person,
    approved_at      timestamptz,
    approved_digest  text NOT NULL,
    state            text NOT NULL CHECK (state IN ('prepared', 'approved', 'intended', 'sealed', 'exported', 'cancelled')),
    digest           text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    phones           integer NOT NULL,
    addresses        integer NOT NULL,
    retrieved_at     timestamptz NOT NULL,
    attempt          integer NOT NULL,
    contents_sha256  text NOT NULL,
    sealing_event    uuid,
    container_sha256 text NOT NULL,
    encrypted_sha256 text NOT NULL,
    downloads        integer NOT NULL,
    exported_at      timestamptz,
    version          bigint NOT NULL,
    event_id         uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    UNIQUE (id, request_id, agency_id),
    FOREIGN KEY (request_id, officer_id) REFERENCES request (id, officer_id),
    CHECK (officer_id <> reviewer_id AND approver_id IS DISTINCT FROM officer_id AND approver_id IS DISTINCT FROM reviewer_id),
    CHECK (state IN ('prepared', 'cancelled') OR (approver_id IS NOT NULL AND approved_at IS NOT NULL AND approved_digest = digest)),
    CHECK (state <> 'exported' OR (container_sha256 <> '' AND encrypted_sha256 <> '' AND sealing_event IS NOT NULL))
);
-- One release of a case is in the making or out at a time.
CREATE UNIQUE INDEX release_open ON release (request_id) WHERE state <> 'cancelled';

CREATE TABLE release_item (
    id               uuid PRIMARY KEY,
    release_id       uuid NOT NULL,
    request_id       uuid NOT NULL,
    agency_id        uuid NOT NULL,
    target_id        uuid NOT NULL,
    category         text NOT NULL,
    decision_id      uuid NOT NULL,
    decision_outcome text NOT NULL CHECK (decision_outcome IN ('produce', 'narrow')),
    finding_id       uuid NOT NULL,
    account_id       bigint NOT NULL,
    rule_id          text NOT NULL,
    rule_version     integer NOT NULL,
    offence_class    text NOT NULL,
    confirmer1       uuid NOT NULL,
    confirmer2       uuid NOT NULL,
    confirmed        text NOT NULL CHECK (confirmed = 'confirmed'),
    from_at          timestamptz NOT NULL,
    to_at            timestamptz NOT NULL,
    event_id         uuid NOT NULL,
    UNIQUE (release_id, target_id, category),
    UNIQUE (id, release_id, account_id, category),
    CHECK (confirmer1 < confirmer2),
    CHECK (from_at < to_at),
    -- of this case and for this agency
    FOREIGN KEY (release_id, request_id, agency_id) REFERENCES release (id, request_id, agency_id),
    -- a qualified decision on this very target and category
    FOREIGN KEY (decision_id, request_id, target_id, category) REFERENCES decision (id, request_id, target_id, category),
    FOREIGN KEY (decision_id, decision_outcome) REFERENCES decision (id, outcome),
    -- a finding asked for about this very target
    FOREIGN KEY (request_id, target_id, finding_id) REFERENCES finding_ask (request_id, target_id, finding_id),
    -- a finding on this very account, under this very rule, confirmed by two people
    FOREIGN KEY (finding_id, account_id) REFERENCES finding (id, account_id),
    FOREIGN KEY (finding_id, rule_id, rule_version) REFERENCES finding (id, rule_id, rule_version),
    FOREIGN KEY (finding_id, confirmer1, confirmed) REFERENCES confirmation (finding_id, person_id, verdict),
    FOREIGN KEY (finding_id, confirmer2, confirmed) REFERENCES confirmation (finding_id, person_id, verdict),
    -- the rule answers to the offence in the order
    FOREIGN KEY (request_id, offence_class) REFERENCES request (id, offence_class),
    FOREIGN KEY (rule_id, rule_version, offence_class) REFERENCES rule_offence
);

-- What leaves: a phone number or an IP address of one account, and nothing else.
CREATE TABLE release_record (
    release_id       uuid NOT NULL,
    ordinal          integer NOT NULL CHECK (ordinal > 0),
    item_id          uuid NOT NULL,
    category         text NOT NULL CHECK (category IN ('phone_number', 'ip_address')),
    account_id       bigint NOT NULL,
    source_record    text NOT NULL CHECK (source_record ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    phone            text CHECK (phone ~ '^\+[1-9][0-9]{1,14}$'),
    phone_status     text CHECK (phone_status IN ('verified', 'unverified')),
    verified_at      timestamptz,
    valid_from       timestamptz,
    valid_to         timestamptz,
    ip               inet CHECK (ip IS NULL OR masklen(ip) = CASE family(ip) WHEN 4 THEN 32 ELSE 128 END),
    source_port      integer CHECK (source_port BETWEEN 1 AND 65535),
    destination      inet CHECK (destination IS NULL OR masklen(destination) = CASE family(destination) WHEN 4 THEN 32 ELSE 128 END),
    destination_port integer CHECK (destination_port BETWEEN 1 AND 65535),
    transport        text CHECK (transport IN ('tcp', 'udp')),
    event_type       text CHECK (event_type IN ('registration', 'login', 'session_refresh', 'logout', 'phone_verify', 'rule_violation')),
    event_at         timestamptz,
    session_id       text CHECK (session_id ~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$'),
    session_type     text CHECK (session_type IN ('mobile', 'desktop', 'web', 'api')),
    first_seen       timestamptz,
    last_seen        timestamptz,
    session_end      timestamptz,
    shared           text CHECK (shared IN ('yes', 'no')),
    PRIMARY KEY (release_id, ordinal),
    FOREIGN KEY (item_id, release_id, account_id, category) REFERENCES release_item (id, release_id, account_id, category),
    CHECK (num_nonnulls(phone, ip) = 1),
    CHECK ((category = 'phone_number') = (phone IS NOT NULL AND phone_status IS NOT NULL AND valid_from IS NOT NULL)),
    CHECK ((category = 'ip_address') = (ip IS NOT NULL AND event_at IS NOT NULL AND event_type IS NOT NULL)),
    CHECK (ip IS NOT NULL OR num_nonnulls(source_port, destination, destination_port, transport, event_type, event_at, session_id, session_type, first_seen, last_seen, session_end, shared) = 0),
    CHECK (phone IS NOT NULL OR num_nonnulls(phone_status, verified_at, valid_from, valid_to) = 0)
);

-- +goose StatementBegin
-- A release and its parts are written once, in the transaction that prepares
-- it; afterwards only the release's own progress changes.
CREATE FUNCTION check_release_part() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added a LEFT JOIN release r ON r.id = a.release_id
               LEFT JOIN audit.event e ON e.id = r.event_id
               WHERE r.state IS DISTINCT FROM 'prepared' OR e.xid IS DISTINCT FROM pg_current_xact_id()) THEN
        RAISE EXCEPTION 'parts of a release are written only in the transaction that prepares it';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_release_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added a JOIN release_item i ON i.id = a.item_id
               WHERE a.event_at < i.from_at OR a.event_at >= i.to_at
                  OR a.valid_from >= i.to_at OR a.valid_to <= i.from_at OR a.valid_to <= a.valid_from) THEN
        RAISE EXCEPTION 'a record lies outside the decided period';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: rows are written once and never changed', TG_TABLE_NAME;
END $$;

-- Runs at commit: what the keys cannot say. What a release relies on is locked
-- against change until the commit is through, so that nothing falls between the
-- check and the release.
CREATE FUNCTION check_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r record;
    q record;
BEGIN
    SELECT * INTO r FROM release WHERE id = NEW.id;
    IF r.state = 'cancelled' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO q FROM request WHERE id = r.request_id FOR SHARE;
    IF q.verdict <> 'qualified' OR q.reviewer_id IS DISTINCT FROM r.reviewer_id THEN
        RAISE EXCEPTION 'release %: the request is not qualified by its reviewer', r.id;
    END IF;
    PERFORM 1 FROM agency WHERE id = r.agency_id AND standing = 'verified' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'release %: the agency is suspended', r.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM release_item WHERE release_id = r.id) THEN
        RAISE EXCEPTION 'release %: there is nothing in it', r.id;
    END IF;
    IF EXISTS (SELECT 1 FROM release_item i JOIN target t ON t.id = i.target_id
               WHERE i.release_id = r.id AND (t.account_id IS DISTINCT FROM i.account_id
                  OR i.from_at < t.from_at OR i.to_at > t.to_at
                  OR t.person_role <> 'suspect'
                  OR (i.category = 'phone_number' AND NOT t.want_phone) OR (i.category = 'ip_address' AND NOT t.want_ip))) THEN
        RAISE EXCEPTION 'release %: an item goes beyond what was asked of a suspect', r.id;
    END IF;
    IF EXISTS (SELECT 1 FROM release_item i JOIN decision d ON d.id = i.decision_id
               WHERE i.release_id = r.id AND (i.from_at < d.from_at OR i.to_at > d.to_at OR d.decided_by <> r.reviewer_id
                  OR EXISTS (SELECT 1 FROM decision n WHERE n.request_id = d.request_id AND n.target_id = d.target_id
                             AND n.category = d.category AND n.version > d.version))) THEN
        RAISE EXCEPTION 'release %: an item is not what its reviewer last decided', r.id;
    END IF;
    IF EXISTS (SELECT 1 FROM release_item i
               WHERE i.release_id = r.id AND (
                   i.confirmer1 IN (r.officer_id, r.reviewer_id) OR i.confirmer2 IN (r.officer_id, r.reviewer_id)
                   OR i.confirmer1 IS NOT DISTINCT FROM r.approver_id OR i.confirmer2 IS NOT DISTINCT FROM r.approver_id)) THEN
        RAISE EXCEPTION 'release %: officer, reviewer, confirmers and approver must be different people', r.id;
    END IF;
    IF r.state <> 'prepared' AND (TG_OP = 'INSERT' OR OLD.state = 'prepared')
       AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = r.approver_id AND p.role = 'approver' AND p.active) THEN
        RAISE EXCEPTION 'release %: an approver approves, and nobody else', r.id;
    END IF;
    IF TG_OP = 'INSERT' OR OLD.state <> 'exported' THEN
        PERFORM 1 FROM person WHERE id = r.officer_id AND active FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'release %: the officer who asked has left', r.id;
        END IF;
        PERFORM 1 FROM finding f JOIN release_item i ON i.finding_id = f.id WHERE i.release_id = r.id FOR SHARE OF f;
        IF EXISTS (SELECT 1 FROM release_item i JOIN finding f ON f.id = i.finding_id
                   WHERE i.release_id = r.id AND (f.state <> 'confirmed' OR f.appeal IN ('pending', 'overturned')
                      OR f.expires_at <= greatest(r.retrieved_at, r.approved_at, r.exported_at))) THEN
            RAISE EXCEPTION 'release %: a finding is not confirmed, or no longer stands', r.id;
        END IF;
    END IF;
    IF NOT ((r.state, q.state) IN (('prepared', 'confirmed'), ('approved', 'approved'), ('intended', 'approved'), ('sealed', 'approved'),
            ('exported', 'exported'), ('exported', 'delivered'), ('exported', 'closed'))) THEN
        RAISE EXCEPTION 'release %: it is %, and its case is %', r.id, r.state, q.state;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_release_progress() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'release %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF (NEW.request_id, NEW.digest, NEW.phones, NEW.addresses, NEW.officer_id, NEW.reviewer_id, NEW.retrieved_at, NEW.ref)
       IS DISTINCT FROM
       (OLD.request_id, OLD.digest, OLD.phones, OLD.addresses, OLD.officer_id, OLD.reviewer_id, OLD.retrieved_at, OLD.ref) THEN
        RAISE EXCEPTION 'release %: what was prepared does not change', NEW.id;
    END IF;
    IF OLD.state IN ('sealed', 'exported') AND (NEW.contents_sha256, NEW.sealing_event) IS DISTINCT FROM (OLD.contents_sha256, OLD.sealing_event)
       OR OLD.state = 'exported' AND (NEW.container_sha256, NEW.encrypted_sha256) IS DISTINCT FROM (OLD.container_sha256, OLD.encrypted_sha256) THEN
        RAISE EXCEPTION 'release %: what was sealed does not change', NEW.id;
    END IF;
    IF OLD.approver_id IS NOT NULL AND (NEW.approver_id, NEW.approved_digest, NEW.approved_at)
       IS DISTINCT FROM (OLD.approver_id, OLD.approved_digest, OLD.approved_at) THEN
        RAISE EXCEPTION 'release %: an approval does not change', NEW.id;
    END IF;
    IF NOT ((OLD.state, NEW.state) IN (('prepared', 'approved'), ('prepared', 'cancelled'), ('approved', 'intended'),
            ('approved', 'cancelled'), ('intended', 'intended'), ('intended', 'sealed'), ('intended', 'cancelled'), ('sealed', 'sealed'),
            ('sealed', 'cancelled'), ('sealed', 'exported'), ('exported', 'exported'))) THEN
        RAISE EXCEPTION 'release %: no step leads from "%" to "%"', NEW.id, OLD.state, NEW.state;
    END IF;
    RETURN NEW;
END $$;

-- A case says "approved" or more only while a release says so too.
CREATE FUNCTION check_request_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    q record;
BEGIN
    SELECT * INTO q FROM request WHERE id = NEW.id;
    IF q.state = 'approved' AND NOT EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state IN ('approved', 'intended', 'sealed')) THEN
        RAISE EXCEPTION 'request %: there is no approved release', q.id;
    END IF;
    IF q.state IN ('exported', 'delivered', 'closed') AND NOT EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state = 'exported') THEN
        RAISE EXCEPTION 'request %: there is no exported release', q.id;
    END IF;
    IF q.state NOT IN ('confirmed', 'approved', 'exported', 'delivered', 'closed')
       AND EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state <> 'cancelled') THEN
        RAISE EXCEPTION 'request %: it is %, and its release is not cancelled', q.id, q.state;
    END IF;
    RETURN NULL;
END $$;

-- A finding is confirmed by two people, each of whom said so, and denied by
-- nobody. What was denied stays denied: another look is another finding.
CREATE FUNCTION check_finding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    f record;
BEGIN
    SELECT * INTO f FROM finding WHERE id = NEW.id;
    IF f.state = 'confirmed' AND (TG_OP = 'INSERT' OR OLD.state <> 'confirmed') AND (
        (SELECT count(DISTINCT c.person_id) FROM confirmation c JOIN person p ON p.id = c.person_id
         WHERE c.finding_id = f.id AND c.verdict = 'confirmed' AND p.role = 'confirmer') < 2
        OR EXISTS (SELECT 1 FROM confirmation c WHERE c.finding_id = f.id AND c.verdict = 'rejected')
        OR f.evidence = '') THEN
        RAISE EXCEPTION 'finding %: it takes two confirmers and an evidence reference', f.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_finding_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    was text := '';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        was := OLD.state;
        IF NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'finding %: version % does not follow %', NEW.id, NEW.version, OLD.version;
        END IF;
        IF (NEW.account_id, NEW.rule_id, NEW.rule_version, NEW.opened_at) IS DISTINCT FROM (OLD.account_id, OLD.rule_id, OLD.rule_version, OLD.opened_at) THEN
            RAISE EXCEPTION 'finding %: it is about one account and one rule', NEW.id;
        END IF;
    END IF;
    IF NEW.state <> was AND (was, NEW.state) NOT IN (('', 'proposed'), ('proposed', 'confirmed'), ('proposed', 'rejected'), ('proposed', 'expired'),
                                                   ('confirmed', 'overturned'), ('confirmed', 'expired')) THEN
        RAISE EXCEPTION 'finding %: no step leads from "%" to "%"', NEW.id, was, NEW.state;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_confirmation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM finding f WHERE f.id = NEW.finding_id AND f.state = 'proposed') THEN
        RAISE EXCEPTION 'confirmation %: the finding is closed', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_release_item AFTER INSERT ON release_item REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_release_part();
CREATE TRIGGER check_release_record_part AFTER INSERT ON release_record REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_release_part();
CREATE TRIGGER check_release_record AFTER INSERT ON release_record REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_release_record();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON release_item FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON release_record FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON confirmation FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON check_answer FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON message FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON document FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON finding_ask FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON decision FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON finding FOR EACH ROW EXECUTE FUNCTION check_finding_step();
CREATE TRIGGER check_open BEFORE INSERT ON confirmation FOR EACH ROW EXECUTE FUNCTION check_confirmation();
CREATE TRIGGER check_progress BEFORE UPDATE ON release FOR EACH ROW EXECUTE FUNCTION check_release_progress();
CREATE CONSTRAINT TRIGGER check_release AFTER INSERT OR UPDATE ON release
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_release();
CREATE CONSTRAINT TRIGGER check_request_release AFTER INSERT OR UPDATE ON request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_request_release();
CREATE CONSTRAINT TRIGGER check_finding AFTER INSERT OR UPDATE ON finding
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_finding();

ALTER TABLE release_item ENABLE ALWAYS TRIGGER check_release_item;
ALTER TABLE release_record ENABLE ALWAYS TRIGGER check_release_record_part;
ALTER TABLE release_record ENABLE ALWAYS TRIGGER check_release_record;
ALTER TABLE release_item ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE release_record ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE confirmation ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE check_answer ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE message ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE document ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE finding_ask ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE decision ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE finding ENABLE ALWAYS TRIGGER check_step;
ALTER TABLE confirmation ENABLE ALWAYS TRIGGER check_open;
ALTER TABLE release ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE release ENABLE ALWAYS TRIGGER check_release;
ALTER TABLE request ENABLE ALWAYS TRIGGER check_request_release;
ALTER TABLE finding ENABLE ALWAYS TRIGGER check_finding;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY[
    'public.agency', 'public.person', 'public.rule_offence', 'public.document', 'public.request', 'public.target',
    'public.check_answer', 'public.message', 'public.decision', 'public.finding', 'public.finding_ask',
    'public.confirmation', 'public.release', 'public.release_item']) AS t;

-- Agencies are kept apart a second time by row-level security. The program says
-- in each transaction for whom it works: lerd.scope is the role, lerd.agency the
-- agency. Unset means nobody, and nobody sees nothing.
-- +goose StatementBegin
CREATE FUNCTION lerd_scope() RETURNS text LANGUAGE sql STABLE AS $$ SELECT coalesce(current_setting('lerd.scope', true), '') $$;
CREATE FUNCTION may_see_case(agency uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE lerd_scope()
        WHEN 'reviewer' THEN true WHEN 'counsel' THEN true WHEN 'approver' THEN true WHEN 'auditor' THEN true WHEN 'system' THEN true
        WHEN 'officer' THEN agency::text = coalesce(current_setting('lerd.agency', true), '')
        ELSE false END
$$;
CREATE FUNCTION may_see_findings() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT lerd_scope() IN ('confirmer', 'reviewer', 'counsel', 'approver', 'auditor', 'system')
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['document', 'request', 'target', 'check_answer', 'message', 'decision', 'finding_ask',
                             'release', 'release_item'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY case_of_agency ON %I TO lerd_app USING (may_see_case(agency_id)) WITH CHECK (may_see_case(agency_id) AND lerd_scope() <> ''auditor'')', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['finding', 'confirmation'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY findings ON %I TO lerd_app USING (may_see_findings()) WITH CHECK (lerd_scope() IN (''confirmer'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
    ALTER TABLE release_record ENABLE ROW LEVEL SECURITY;
    CREATE POLICY records ON release_record TO lerd_app USING (lerd_scope() IN ('approver', 'system')) WITH CHECK (lerd_scope() = 'system');
    CREATE POLICY all_to_auditor ON release_record FOR SELECT TO lerd_auditor USING (true);
END $$;
-- +goose StatementEnd

-- The application inserts and, where a row has progress, updates; it deletes nothing.
GRANT USAGE ON SCHEMA public TO lerd_app, lerd_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO lerd_app, lerd_auditor;
REVOKE SELECT ON session, idempotency FROM lerd_auditor;
GRANT INSERT ON agency, person, session, idempotency, rule_offence, document, request, target, check_answer, message,
    decision, finding, finding_ask, confirmation, release, release_item, release_record TO lerd_app;
GRANT UPDATE ON agency, person, session, request, target, finding, release TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
