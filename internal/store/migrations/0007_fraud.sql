-- Fraud: what is unusual about a request, the checks that this asks for, holds
-- on single cases, containment of officers and agencies, and the register of
-- fraud that was caught. Nothing here releases anything; much of it stops.
--
-- What the database itself holds, whoever writes:
--   * no step towards a release commits while its case is held, or its officer
--     or agency contained: looked at in the last moment, under locks that a hold
--     or a containment waits for, so that one of the two comes first;
--   * a case is qualified, approved and exported only with a statement of risk
--     whose demands are met;
--   * what was stopped goes on by the word of two people with a reason.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- A statement is never changed: another one, with the next version, follows it
-- where the facts have changed.
CREATE TABLE risk_statement (
    id            uuid PRIMARY KEY,
    request_id    uuid NOT NULL,
    agency_id     uuid NOT NULL,
    version       bigint NOT NULL CHECK (version > 0),
    level         text NOT NULL,
    score         integer NOT NULL CHECK (score >= 0),
    demands       text NOT NULL,
    factors       text NOT NULL,
    policy_sha256 text NOT NULL CHECK (policy_sha256 ~ '^[0-9a-f]{64}$'),
    at            timestamptz NOT NULL,
    event_id      uuid NOT NULL,
    UNIQUE (request_id, version),
    UNIQUE (id, request_id, agency_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    -- the levels ask for what they ask for, whatever a policy file says
    CHECK ((level, demands) IN (('normal', ''), ('elevated', 'echo'), ('high', 'echo call_back counsel'),
        ('normal', 'call_back'), ('elevated', 'echo call_back'))) -- an emergency is called back about, whatever its level
);

-- Counsel has looked at a statement and lets the case go on.
CREATE TABLE risk_clearance (
    id           uuid PRIMARY KEY,
    statement_id uuid NOT NULL UNIQUE,
    request_id   uuid NOT NULL,
    agency_id    uuid NOT NULL,
    cleared_by   uuid NOT NULL REFERENCES person,
    note         text NOT NULL CHECK (note <> ''),
    at           timestamptz NOT NULL,
    event_id     uuid NOT NULL,
    FOREIGN KEY (statement_id, request_id, agency_id) REFERENCES risk_statement (id, request_id, agency_id)
);

-- A demand that a reviewer wants to go without, with a reason, and what a second
-- person says to that. It is about one statement: another one asks anew.
CREATE TABLE risk_override (
    id           uuid PRIMARY KEY,
    statement_id uuid NOT NULL,
    request_id   uuid NOT NULL,
    agency_id    uuid NOT NULL,
    demand       text NOT NULL CHECK (demand IN ('echo', 'call_back')),
    reason       text NOT NULL CHECK (reason <> ''),
    state        text NOT NULL CHECK (state IN ('proposed', 'agreed', 'declined')),
    proposed_by  uuid NOT NULL REFERENCES person,
    proposed_at  timestamptz NOT NULL,
    decided_by   uuid REFERENCES person,
    decided_at   timestamptz,
    decided_note text NOT NULL,
    version      bigint NOT NULL CHECK (version > 0),
    event_id     uuid NOT NULL,
    FOREIGN KEY (statement_id, request_id, agency_id) REFERENCES risk_statement (id, request_id, agency_id),
    CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (decided_by <> proposed_by)
);
CREATE UNIQUE INDEX risk_override_one ON risk_override (statement_id, demand) WHERE state <> 'declined';

-- What is kept of an order's text and picture, to find its twins: keyed hashes.
CREATE TABLE document_print (
    id        uuid PRIMARY KEY REFERENCES document,
    agency_id uuid NOT NULL,
    mark      text NOT NULL, -- of the text; empty where it is too short or cannot be read
    bands     text NOT NULL,
    picture   text NOT NULL CHECK (picture ~ '^([0-9a-f]{64})?$'),
    domains   text NOT NULL, -- names that stand in the text, with spaces between them
    urgent    text NOT NULL, -- the first word of haste in it
    at        timestamptz NOT NULL,
    event_id  uuid NOT NULL,
    FOREIGN KEY (id, agency_id) REFERENCES document (id, agency_id)
);
CREATE INDEX document_print_bands ON document_print USING gin (string_to_array(bands, ' '));

-- Counsel's list of those who need a second look, as keyed hashes of how they
-- may be named. The list cannot be read back.
CREATE TABLE sensitive_mark (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('phone', 'username', 'account_id')),
    hash       text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    why        text NOT NULL CHECK (why IN ('journalist', 'lawyer', 'politician', 'clergy', 'diplomat', 'doctor', 'minor', 'activist', 'judge', 'other')),
    added_by   uuid NOT NULL REFERENCES person,
    added_at   timestamptz NOT NULL,
    removed_by uuid REFERENCES person,
    removed_at timestamptz,
    version    bigint NOT NULL CHECK (version > 0),
    event_id   uuid NOT NULL,
    CHECK ((removed_by IS NULL) = (removed_at IS NULL))
);
CREATE UNIQUE INDEX sensitive_mark_one ON sensitive_mark (kind, hash) WHERE removed_at IS NULL;

-- A case that somebody stopped. It stays so until two people let it go on.
CREATE TABLE case_hold (
    id              uuid PRIMARY KEY,
    request_id      uuid NOT NULL,
    agency_id       uuid NOT NULL,
    because         text NOT NULL CHECK (because IN ('echo_denied', 'call_back_denied', 'disowned')),
    source_id       uuid NOT NULL, -- the echo, the call, or the disowning
    placed_at       timestamptz NOT NULL,
    state           text NOT NULL CHECK (state IN ('placed', 'lifting', 'lifted')),
    lift_by         uuid REFERENCES person,
    lift_reason     text NOT NULL,
    lifted_by       uuid REFERENCES person,
    lifted_at       timestamptz,
    version         bigint NOT NULL CHECK (version > 0),
    event_id        uuid NOT NULL,
    UNIQUE (because, source_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK ((state = 'placed') = (lift_by IS NULL) AND (lift_by IS NULL) = (lift_reason = '')),
    CHECK ((state = 'lifted') = (lifted_by IS NOT NULL AND lifted_at IS NOT NULL)),
    CHECK (lifted_by <> lift_by)
);
CREATE INDEX case_hold_request ON case_hold (request_id);

-- An officer or a whole agency, stopped at once.
CREATE TABLE containment (
    id           uuid PRIMARY KEY,
    agency_id    uuid NOT NULL REFERENCES agency,
    officer_id   uuid REFERENCES person, -- NULL: the whole agency
    reason       text NOT NULL CHECK (reason IN ('account_taken', 'passkey_stolen', 'forged_order', 'impostor', 'insider', 'agency_reports', 'drill')),
    note         text NOT NULL,
    state        text NOT NULL CHECK (state IN ('begun', 'complete', 'lifting', 'lifted')),
    was          text NOT NULL CHECK (was IN ('active', 'inactive')), -- standing or account before it
    begun_by     uuid NOT NULL REFERENCES person,
    begun_at     timestamptz NOT NULL,
    completed_at timestamptz,
    lift_by      uuid REFERENCES person,
    lift_reason  text NOT NULL,
    lifted_by    uuid REFERENCES person,
    lifted_at    timestamptz,
    version      bigint NOT NULL CHECK (version > 0),
    event_id     uuid NOT NULL,
    CHECK (state = 'begun' OR completed_at IS NOT NULL),
    CHECK ((state IN ('lifting', 'lifted')) = (lift_by IS NOT NULL) AND (lift_by IS NULL) = (lift_reason = '')),
    CHECK ((state = 'lifted') = (lifted_by IS NOT NULL AND lifted_at IS NOT NULL)),
    CHECK (lifted_by <> lift_by)
);
CREATE UNIQUE INDEX containment_one ON containment (agency_id, coalesce(officer_id, '00000000-0000-0000-0000-000000000000')) WHERE state <> 'lifted';
CREATE INDEX containment_officer ON containment (officer_id) WHERE state <> 'lifted';

-- Letters that a containment drafts. What has a gap in it is not sent.
CREATE TABLE containment_letter (
    id             uuid PRIMARY KEY,
    containment_id uuid NOT NULL REFERENCES containment,
    recipient      text NOT NULL CHECK (recipient IN ('agency_administrator', 'oversight', 'users', 'internal')),
    subject        text NOT NULL CHECK (subject <> ''),
    body           text NOT NULL CHECK (body <> ''),
    state          text NOT NULL CHECK (state IN ('draft', 'sent')),
    sent_by        uuid REFERENCES person,
    sent_at        timestamptz,
    sent_how       text NOT NULL CHECK (sent_how IN ('', 'post', 'mail', 'portal', 'handed_over')),
    version        bigint NOT NULL CHECK (version > 0),
    event_id       uuid NOT NULL,
    UNIQUE (containment_id, recipient),
    CHECK ((state = 'sent') = (sent_by IS NOT NULL AND sent_at IS NOT NULL AND sent_how <> '')),
    CHECK (state = 'draft' OR (body || subject) !~ '\[\[|\]\]')
);

-- Fraud that was caught, counted by code for the transparency report.
CREATE TABLE fraud_case (
    id         uuid PRIMARY KEY,
    code       text NOT NULL CHECK (code ~ '^FR-[0-9]{2}$'),
    source     text NOT NULL CHECK (source IN ('echo', 'call_back', 'disowned', 'containment', 'vetting')),
    source_id  uuid NOT NULL,
    request_id uuid,
    agency_id  uuid,
    released   boolean NOT NULL, -- whether anything had left before
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX fraud_case_at ON fraud_case (at);

-- An independent question to the court or authority that is said to have issued
-- an order. A reviewer wants it; somebody else, who does not decide on the case,
-- sends it and so knows the code, of which the hash is kept.
CREATE TABLE issuer_echo (
    id            uuid PRIMARY KEY,
    request_id    uuid NOT NULL,
    agency_id     uuid NOT NULL,
    detail_id     uuid NOT NULL, -- the contact on file
    contact       text NOT NULL CHECK (contact <> ''),
    channel       text NOT NULL CHECK (channel IN ('phone', 'email', 'post')),
    address       text NOT NULL CHECK (address <> ''),
    ref           text NOT NULL UNIQUE,
    code_sha256   text NOT NULL CHECK (code_sha256 ~ '^([0-9a-f]{64})?$'),
    wanted_by     uuid NOT NULL REFERENCES person,
    wanted_at     timestamptz NOT NULL,
    sent_by       uuid REFERENCES person,
    sent_at       timestamptz,
    expires_at    timestamptz,
    state         text NOT NULL CHECK (state IN ('wanted', 'asked', 'answered', 'expired', 'replaced')),
    answer        text NOT NULL CHECK (answer IN ('', 'issued', 'not_issued', 'cannot_say')),
    answered_name text NOT NULL,
    answered_note text NOT NULL,
    answered_at   timestamptz,
    version       bigint NOT NULL CHECK (version > 0),
    event_id      uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    FOREIGN KEY (detail_id, agency_id) REFERENCES agency_detail (id, agency_id),
    CHECK ((sent_by IS NULL) = (sent_at IS NULL) AND (sent_by IS NULL) = (expires_at IS NULL) AND (sent_by IS NULL) = (code_sha256 = '')),
    CHECK (state NOT IN ('asked', 'answered') OR sent_by IS NOT NULL),
    CHECK (sent_by <> wanted_by),
    CHECK ((state = 'answered') = (answer <> '' AND answered_at IS NOT NULL AND answered_name <> '')),
    CHECK (expires_at > sent_at AND expires_at <= sent_at + interval '90 days'),
    CHECK (answered_at >= sent_at AND answered_at < expires_at)
);
CREATE UNIQUE INDEX issuer_echo_code ON issuer_echo (code_sha256) WHERE code_sha256 <> '';
CREATE UNIQUE INDEX issuer_echo_open ON issuer_echo (request_id) WHERE state IN ('wanted', 'asked');
CREATE INDEX issuer_echo_request ON issuer_echo (request_id);
CREATE INDEX target_identifier ON target (kind, identifier);

-- +goose StatementBegin
-- Why nothing of a case may go towards a release, '' if nothing is in the way. A
-- disowning and a denied call stop before their hold is written, too.
CREATE FUNCTION why_stopped(request uuid, agency uuid, officer uuid) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(
        (SELECT h.because FROM case_hold h WHERE h.request_id = $1 AND h.state <> 'lifted' ORDER BY h.placed_at LIMIT 1),
        (SELECT 'disowned' FROM disowned_request d WHERE d.request_id = $1 AND NOT EXISTS (SELECT 1 FROM case_hold h WHERE h.because = 'disowned' AND h.source_id = d.id)),
        (SELECT 'call_back_denied' FROM call_back c WHERE c.subject_kind = 'request' AND c.subject_id = $1 AND c.outcome = 'denied'
         AND NOT EXISTS (SELECT 1 FROM case_hold h WHERE h.because = 'call_back_denied' AND h.source_id = c.id) LIMIT 1),
        (SELECT CASE WHEN c.officer_id IS NULL THEN 'agency_contained' ELSE 'officer_contained' END FROM containment c
         WHERE c.agency_id = $2 AND (c.officer_id IS NULL OR c.officer_id = $3 OR EXISTS (SELECT 1 FROM request_signature g WHERE g.request_id = $1 AND g.signed_by = c.officer_id))
           AND c.state <> 'lifted' ORDER BY c.begun_at LIMIT 1),
        '')
$$;

-- Which check is missing that the case's last statement of risk asks for, '' if
-- none is.
CREATE FUNCTION unmet_demand(of_request uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s record;
    wanted text;
BEGIN
    SELECT * INTO s FROM risk_statement r WHERE r.request_id = of_request ORDER BY r.version DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN 'statement';
    END IF;
    FOREACH wanted IN ARRAY string_to_array(s.demands, ' ') LOOP
        CONTINUE WHEN EXISTS (SELECT 1 FROM risk_override o WHERE o.statement_id = s.id AND o.demand = wanted AND o.state = 'agreed');
        IF wanted = 'echo' THEN
            CONTINUE WHEN EXISTS (SELECT 1 FROM issuer_echo e WHERE e.request_id = of_request AND e.answer = 'issued');
        ELSIF wanted = 'call_back' THEN
            CONTINUE WHEN EXISTS (SELECT 1 FROM call_back c WHERE c.subject_kind = 'request' AND c.subject_id = of_request AND c.outcome = 'confirmed');
        ELSIF wanted = 'counsel' THEN
            CONTINUE WHEN EXISTS (SELECT 1 FROM risk_clearance c WHERE c.statement_id = s.id);
        END IF;
        RETURN wanted;
    END LOOP;
    RETURN '';
END $$;

-- Runs at commit, on the case and on its release. The locks are those that a
-- hold and a containment take before they are written.
CREATE FUNCTION refuse_stopped(of_request uuid, deep boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    q record;
    why text;
BEGIN
    SELECT * INTO q FROM request WHERE id = of_request FOR SHARE;
    PERFORM 1 FROM agency WHERE id = q.agency_id FOR SHARE;
    why := why_stopped(q.id, q.agency_id, q.officer_id);
    IF why <> '' THEN
        RAISE EXCEPTION 'request %: it is stopped (%)', q.id, why;
    END IF;
    IF deep THEN
        why := unmet_demand(q.id);
        IF why <> '' THEN
            RAISE EXCEPTION 'request %: its statement of risk asks for more (%)', q.id, why;
        END IF;
    END IF;
END $$;

CREATE FUNCTION check_stopped_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.state IN ('qualified', 'awaiting_confirmation', 'confirmed', 'approved', 'exported', 'delivered') THEN
        PERFORM refuse_stopped(NEW.id, NEW.state IN ('qualified', 'approved', 'exported') AND TG_OP = 'UPDATE' AND OLD.state <> NEW.state);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_stopped_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state IN ('prepared', 'approved', 'intended', 'sealed', 'exported') THEN
        PERFORM refuse_stopped(NEW.request_id, NEW.state <> 'prepared' AND (TG_OP = 'INSERT' OR OLD.state <> NEW.state));
    END IF;
    RETURN NULL;
END $$;

-- A download begins, and a right to one is given, only while nothing stops the
-- case. That one ended can always be said.
CREATE FUNCTION check_stopped_delivery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM refuse_stopped(NEW.request_id, false);
    RETURN NULL;
END $$;

-- Whoever stops waits for the steps that are being committed, and those that
-- come after it wait for the stop.
CREATE FUNCTION take_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM request WHERE id = NEW.request_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;

CREATE FUNCTION check_containment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'completed_at', 'lift_by', 'lift_reason', 'lifted_by', 'lifted_at', 'version', 'event_id'];
    was text := '';
BEGIN
    PERFORM 1 FROM agency WHERE id = NEW.agency_id FOR NO KEY UPDATE;
    IF NEW.officer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.officer_id AND p.agency_id = NEW.agency_id) THEN
        RAISE EXCEPTION 'containment %: the person is not of this agency', NEW.id;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        was := OLD.state;
        IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
            RAISE EXCEPTION 'containment %: what was stopped does not change', NEW.id;
        END IF;
    END IF;
    IF (was, NEW.state) NOT IN (('', 'begun'), ('begun', 'complete'), ('complete', 'lifting'), ('lifting', 'complete'), ('lifting', 'lifted')) THEN
        RAISE EXCEPTION 'containment %: no step leads from "%" to "%"', NEW.id, was, NEW.state;
    END IF;
    PERFORM check_stopper(NEW.begun_by, 'containment');
    PERFORM check_stopper(coalesce(NEW.lift_by, NEW.begun_by), 'containment');
    PERFORM check_stopper(coalesce(NEW.lifted_by, NEW.begun_by), 'containment');
    RETURN NEW;
END $$;

CREATE FUNCTION check_stopper(who uuid, what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.role IN ('counsel', 'registrar', 'administrator') AND p.agency_id IS NULL) THEN
        RAISE EXCEPTION '%: counsel, a registrar or an administrator does this, and nobody else', what;
    END IF;
END $$;

CREATE FUNCTION check_hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'lift_by', 'lift_reason', 'lifted_by', 'lifted_at', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'placed' THEN
            RAISE EXCEPTION 'hold %: it is placed before it is lifted', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'hold %: what was held does not change', NEW.id;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('placed', 'lifting'), ('lifting', 'placed'), ('lifting', 'lifted')) THEN
        RAISE EXCEPTION 'hold %: no step leads from "%" to "%"', NEW.id, OLD.state, NEW.state;
    END IF;
    PERFORM check_stopper(p, 'hold') FROM unnest(ARRAY[NEW.lift_by, NEW.lifted_by]) AS p WHERE p IS NOT NULL;
    RETURN NEW;
END $$;

-- An account also comes alive again in the very transaction that lifts what two
-- people lifted; by then its passkeys are those that it had.
CREATE OR REPLACE FUNCTION account_comes_alive(person uuid, event uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM invitation i WHERE i.person_id = person AND i.state = 'confirmed' AND i.event_id = event)
        OR EXISTS (SELECT 1 FROM containment c JOIN audit.event e ON e.id = c.event_id
                   WHERE c.officer_id = person AND c.state = 'lifted' AND e.xid = pg_current_xact_id())
$$;

-- Nobody comes back while they are contained: not by an account, not by a
-- session. The account comes back in the very step that lifts.
CREATE FUNCTION check_contained_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.id AND p.active)
       AND EXISTS (SELECT 1 FROM containment c WHERE c.officer_id = NEW.id AND c.state <> 'lifted') THEN
        RAISE EXCEPTION 'person %: they are contained', NEW.id;
    END IF;
    IF NEW.active AND NEW.agency_id IS NOT NULL AND (TG_OP = 'INSERT' OR NOT OLD.active)
       AND EXISTS (SELECT 1 FROM containment c WHERE c.agency_id = NEW.agency_id AND c.officer_id IS NULL AND c.state <> 'lifted') THEN
        RAISE EXCEPTION 'person %: their agency is contained', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_contained_agency() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM agency a WHERE a.id = NEW.id AND a.standing = 'verified')
       AND EXISTS (SELECT 1 FROM containment c WHERE c.agency_id = NEW.id AND c.officer_id IS NULL AND c.state <> 'lifted') THEN
        RAISE EXCEPTION 'agency %: it is contained', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_contained_session() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM containment c JOIN person p ON p.id = NEW.person_id AND p.agency_id = c.agency_id
               WHERE (c.officer_id IS NULL OR c.officer_id = p.id) AND c.state <> 'lifted') AND (TG_OP = 'INSERT' OR NEW.ended_at IS NULL) THEN
        RAISE EXCEPTION 'session %: its person is contained', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A second person says yes or no to what a reviewer wants to go without.
CREATE FUNCTION check_override() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'decided_by', 'decided_at', 'decided_note', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' AND NEW.state <> 'proposed' THEN
        RAISE EXCEPTION 'override %: it is proposed before it is agreed to', NEW.id;
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.version <> OLD.version + 1 OR OLD.state <> 'proposed' OR NEW.state = 'proposed'
       OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress) THEN
        RAISE EXCEPTION 'override %: what was proposed does not change', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.proposed_by AND p.role = 'reviewer')
       OR NEW.decided_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.decided_by AND p.role IN ('reviewer', 'counsel') AND p.active) THEN
        RAISE EXCEPTION 'override %: a reviewer proposes it, and another or counsel agrees', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_clearance() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.cleared_by AND p.role = 'counsel' AND p.active) THEN
        RAISE EXCEPTION 'clearance %: counsel gives it, and nobody else', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A letter is edited while it is a draft; an echo is answered once.
CREATE FUNCTION check_letter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state = 'sent' OR NEW.version <> OLD.version + 1 OR (NEW.containment_id, NEW.recipient) IS DISTINCT FROM (OLD.containment_id, OLD.recipient) THEN
        RAISE EXCEPTION 'letter %: what was sent does not change', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_echo() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    sent CONSTANT text[] := ARRAY['state', 'code_sha256', 'sent_by', 'sent_at', 'expires_at', 'version', 'event_id'];
    told CONSTANT text[] := ARRAY['state', 'answer', 'answered_name', 'answered_note', 'answered_at', 'version', 'event_id'];
    progress text[] := told;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'wanted' THEN
            RAISE EXCEPTION 'echo %: it is wanted before it is sent', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'wanted' AND NEW.state = 'asked' THEN
        progress := sent;
        IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.sent_by AND p.role = 'registrar' AND p.active) THEN
            RAISE EXCEPTION 'echo %: a registrar sends it, and nobody who decides on the case', NEW.id;
        END IF;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('wanted', 'asked'), ('wanted', 'replaced'), ('asked', 'answered'), ('asked', 'expired'), ('asked', 'replaced'))
       OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'echo %: it was answered, or what was asked does not change', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- As in 0004, and: two people who lift a containment give back the standing that
-- it took, while the vetting lasts on which that rested.
CREATE OR REPLACE FUNCTION check_agency_ground() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part record;
BEGIN
    IF NEW.standing = 'verified' AND (TG_OP = 'INSERT' OR OLD.standing <> 'verified') AND NOT EXISTS (
        SELECT 1 FROM vetting v JOIN audit.event e ON e.id = v.event_id
        WHERE v.agency_id = NEW.id AND v.state = 'activated' AND e.xid = pg_current_xact_id())
       AND NOT EXISTS (
        SELECT 1 FROM containment c JOIN audit.event e ON e.id = c.event_id JOIN vetting v ON v.agency_id = c.agency_id AND v.state = 'activated'
        WHERE c.agency_id = NEW.id AND c.officer_id IS NULL AND c.state = 'lifted' AND c.was = 'active' AND e.xid = pg_current_xact_id()
          AND v.valid_until > greatest(c.lifted_at, clock_timestamp() - lerd_clock_slack())) THEN
        RAISE EXCEPTION 'agency %: it takes a vetting round that two registrars finished', NEW.id;
    END IF;
    FOR part IN SELECT * FROM (VALUES ('name', NEW.name, CASE WHEN TG_OP = 'UPDATE' THEN OLD.name END),
                                      ('domain', NEW.domain, CASE WHEN TG_OP = 'UPDATE' THEN OLD.domain END),
                                      ('call_back', NEW.call_back, CASE WHEN TG_OP = 'UPDATE' THEN OLD.call_back END),
                                      ('certificate', NEW.cert_pem, CASE WHEN TG_OP = 'UPDATE' THEN OLD.cert_pem END)) AS p (kind, now, was) LOOP
        CONTINUE WHEN part.now IS NOT DISTINCT FROM part.was OR part.now = '';
        IF NOT EXISTS (SELECT 1 FROM agency_detail d WHERE d.agency_id = NEW.id AND d.kind = part.kind AND d.value = part.now
                       AND (d.state = 'approved' AND d.in_force_from <= clock_timestamp() + lerd_clock_slack()
                            OR d.state = 'proposed' AND NEW.standing = 'proposed')) THEN
            RAISE EXCEPTION 'agency %: its % is not one that is in force', NEW.id, part.kind;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER check_stopped AFTER INSERT OR UPDATE ON request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_stopped_request();
CREATE CONSTRAINT TRIGGER check_stopped AFTER INSERT OR UPDATE ON release
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_stopped_release();
CREATE CONSTRAINT TRIGGER check_stopped AFTER INSERT ON release_receipt
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_stopped_delivery();
CREATE CONSTRAINT TRIGGER check_stopped AFTER INSERT ON release_grant
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_stopped_delivery();
CREATE CONSTRAINT TRIGGER check_contained AFTER INSERT OR UPDATE ON person
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_contained_person();
CREATE CONSTRAINT TRIGGER check_contained AFTER INSERT OR UPDATE ON agency
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_contained_agency();
CREATE TRIGGER check_contained BEFORE INSERT OR UPDATE ON session FOR EACH ROW EXECUTE FUNCTION check_contained_session();
CREATE TRIGGER take_case BEFORE INSERT ON case_hold FOR EACH ROW EXECUTE FUNCTION take_case();
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON case_hold FOR EACH ROW EXECUTE FUNCTION check_hold();
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON containment FOR EACH ROW EXECUTE FUNCTION check_containment();
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON risk_override FOR EACH ROW EXECUTE FUNCTION check_override();
CREATE TRIGGER check_step BEFORE INSERT ON risk_clearance FOR EACH ROW EXECUTE FUNCTION check_clearance();
CREATE TRIGGER check_step BEFORE UPDATE ON containment_letter FOR EACH ROW EXECUTE FUNCTION check_letter();
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON issuer_echo FOR EACH ROW EXECUTE FUNCTION check_echo();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON risk_statement FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON risk_clearance FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON document_print FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON fraud_case FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- +goose StatementBegin
DO $$
DECLARE
    t text;
    g text;
BEGIN
    FOR t, g IN SELECT c.relname, tg.tgname FROM pg_trigger tg JOIN pg_class c ON c.oid = tg.tgrelid JOIN pg_proc f ON f.oid = tg.tgfoid
                WHERE NOT tg.tgisinternal AND f.proname IN ('check_stopped_request', 'check_stopped_release', 'check_stopped_delivery', 'check_contained_person', 'check_contained_agency',
                    'check_contained_session', 'take_case', 'check_hold', 'check_containment', 'check_override', 'check_clearance', 'check_letter', 'check_echo')
                   OR c.relname IN ('risk_statement', 'risk_clearance', 'document_print', 'fraud_case') AND tg.tgname = 'written_once' LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, g);
    END LOOP;

    PERFORM audit.guard_table(('public.' || n)::regclass) FROM unnest(ARRAY['risk_statement', 'risk_clearance', 'risk_override', 'document_print',
        'sensitive_mark', 'case_hold', 'containment', 'containment_letter', 'fraud_case', 'issuer_echo']) AS n;

    -- Of a case, for those who decide on it; its agency never sees what is thought of it.
    FOREACH t IN ARRAY ARRAY['risk_statement', 'risk_clearance', 'risk_override', 'document_print', 'case_hold', 'issuer_echo'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY staff_of_cases ON %I TO lerd_app USING (lerd_scope() IN (''reviewer'', ''counsel'', ''approver'', ''auditor'', ''registrar'', ''administrator'', ''system''))
            WITH CHECK (lerd_scope() IN (''reviewer'', ''counsel'', ''registrar'', ''administrator'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['containment', 'containment_letter', 'fraud_case'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY stoppers ON %I TO lerd_app USING (lerd_scope() IN (''reviewer'', ''counsel'', ''approver'', ''auditor'', ''registrar'', ''administrator'', ''system''))
            WITH CHECK (lerd_scope() IN (''counsel'', ''registrar'', ''administrator'', ''reviewer'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
    ALTER TABLE sensitive_mark ENABLE ROW LEVEL SECURITY;
    CREATE POLICY counsels ON sensitive_mark TO lerd_app USING (lerd_scope() IN ('counsel', 'system')) WITH CHECK (lerd_scope() = 'counsel');
    CREATE POLICY all_to_auditor ON sensitive_mark FOR SELECT TO lerd_auditor USING (true);
END $$;
-- +goose StatementEnd

GRANT SELECT ON risk_statement, risk_clearance, risk_override, document_print, sensitive_mark, case_hold, containment, containment_letter,
    fraud_case, issuer_echo TO lerd_app, lerd_auditor;
GRANT INSERT ON risk_statement, risk_clearance, risk_override, document_print, sensitive_mark, case_hold, containment, containment_letter,
    fraud_case, issuer_echo TO lerd_app;
GRANT UPDATE ON risk_override, sensitive_mark, case_hold, containment, containment_letter, issuer_echo TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
