-- Agencies: how they are vetted, what is on file about them and since when,
-- call-backs, notices to their administrators, periodic statements, and the
-- requests that an administrator says nobody of theirs made.
--
-- What the database itself holds, whoever writes:
--   * an agency comes in as proposed, and becomes verified only together with a
--     vetting round that is activated in the same transaction;
--   * a round is activated by a registrar who neither proposed it nor made its
--     call, after a call that confirmed it, for 365 days at most, and at the
--     time at which it happens;
--   * a call is made to a number that is on file here: the table has no column
--     into which another could be typed;
--   * what is on file changes by a further row, approved by a second registrar
--     and in force after a waiting time; the copy on the agency's row is nothing
--     but what is in force.

-- +goose Up

SET LOCAL ROLE lerd_owner;

ALTER TABLE agency DROP CONSTRAINT agency_standing_check;
ALTER TABLE agency ADD CONSTRAINT agency_standing_check CHECK (standing IN ('proposed', 'verified', 'suspended', 'declined'));

-- +goose StatementBegin
-- How far a time that the program claims may be from the database's own clock.
-- The application cannot change it.
CREATE FUNCTION lerd_clock_slack() RETURNS interval LANGUAGE sql STABLE AS $$ SELECT interval '10 minutes' $$;

CREATE FUNCTION check_now(claimed timestamptz, what text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF claimed IS NULL OR claimed < clock_timestamp() - lerd_clock_slack() OR claimed > clock_timestamp() + lerd_clock_slack() THEN
        RAISE EXCEPTION '%: it claims another time than now', what;
    END IF;
END $$;
-- +goose StatementEnd

-- What is on file about an agency. A row says one thing, where it was read, and
-- who entered and who approved it. It is in force from in_force_from until the
-- row that replaces it is, or until it is retired.
CREATE TABLE agency_detail (
    id            uuid PRIMARY KEY,
    agency_id     uuid NOT NULL REFERENCES agency,
    kind          text NOT NULL CHECK (kind IN ('name', 'domain', 'certificate', 'call_back', 'oversight', 'issuer')),
    name          text NOT NULL,
    channel       text NOT NULL CHECK (channel IN ('', 'phone', 'email', 'post')),
    value         text NOT NULL CHECK (value <> ''),
    fingerprint   text NOT NULL,
    valid_from    timestamptz,
    valid_to      timestamptz,
    source        text NOT NULL CHECK (source <> ''),
    source_ref    text NOT NULL,
    seen_on       date NOT NULL,
    state         text NOT NULL CHECK (state IN ('proposed', 'approved', 'declined', 'retired')),
    proposed_by   uuid NOT NULL REFERENCES person,
    proposed_at   timestamptz NOT NULL,
    approved_by   uuid REFERENCES person,
    approved_at   timestamptz,
    in_force_from timestamptz,
    replaces      uuid REFERENCES agency_detail,
    retired_by    uuid REFERENCES person,
    retired_at    timestamptz,
    assertion_id  uuid REFERENCES assertion,
    version       bigint NOT NULL CHECK (version > 0),
    event_id      uuid NOT NULL,
    UNIQUE (id, agency_id),
    FOREIGN KEY (replaces, agency_id) REFERENCES agency_detail (id, agency_id),
    CHECK ((kind IN ('call_back', 'oversight', 'issuer')) = (channel <> '')),
    CHECK (kind <> 'call_back' OR channel = 'phone'),
    CHECK ((kind = 'certificate') = (fingerprint <> '' AND valid_from IS NOT NULL AND valid_to IS NOT NULL)),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL) AND (approved_by IS NULL) = (in_force_from IS NULL)),
    CHECK (state NOT IN ('approved', 'retired') OR (approved_by IS NOT NULL AND assertion_id IS NOT NULL)),
    CHECK (state <> 'proposed' OR approved_by IS NULL),
    CHECK (approved_by <> proposed_by),
    CHECK (in_force_from >= approved_at AND approved_at >= proposed_at),
    CHECK ((state = 'retired') = (retired_at IS NOT NULL AND retired_by IS NOT NULL))
);
CREATE INDEX agency_detail_agency ON agency_detail (agency_id, kind);

-- A call to the number on file. The number is the detail's: there is no other
-- place for one. Answers are codes, "question=answer" with ";" between them.
CREATE TABLE call_back (
    id               uuid PRIMARY KEY,
    subject_kind     text NOT NULL CHECK (subject_kind IN ('agency', 'request', 'officer')),
    subject_id       uuid NOT NULL,
    agency_id        uuid NOT NULL REFERENCES agency,
    detail_id        uuid NOT NULL,
    called_by        uuid NOT NULL REFERENCES person,
    begun_at         timestamptz NOT NULL,
    state            text NOT NULL CHECK (state IN ('begun', 'recorded')),
    reached          text NOT NULL CHECK (reached IN ('', 'person', 'switchboard', 'voicemail', 'no_answer', 'wrong_number')),
    reached_name     text NOT NULL,
    reached_function text NOT NULL,
    answers          text NOT NULL CHECK (answers ~ '^([a-z_]+=(yes|no|unsure)(;[a-z_]+=(yes|no|unsure))*)?$'),
    outcome          text NOT NULL CHECK (outcome IN ('', 'confirmed', 'denied', 'unclear', 'not_reached')),
    note             text NOT NULL,
    recorded_at      timestamptz,
    version          bigint NOT NULL CHECK (version > 0),
    event_id         uuid NOT NULL,
    UNIQUE (id, agency_id),
    FOREIGN KEY (detail_id, agency_id) REFERENCES agency_detail (id, agency_id),
    CHECK ((state = 'recorded') = (outcome <> '' AND reached <> '' AND recorded_at IS NOT NULL)),
    CHECK (recorded_at >= begun_at),
    CHECK (outcome <> 'confirmed' OR (reached = 'person' AND reached_name <> '' AND answers <> '' AND answers !~ '=(no|unsure)')),
    CHECK ((outcome = 'not_reached') = (state = 'recorded' AND reached <> 'person'))
);
CREATE INDEX call_back_subject ON call_back (subject_id, begun_at);
CREATE INDEX call_back_agency ON call_back (agency_id, begun_at);

-- One round of vetting: the first, and one for each renewal.
CREATE TABLE vetting (
    id           uuid PRIMARY KEY,
    agency_id    uuid NOT NULL REFERENCES agency,
    round        integer NOT NULL CHECK (round > 0),
    state        text NOT NULL CHECK (state IN ('proposed', 'called_back', 'activated', 'abandoned')),
    source       text NOT NULL CHECK (source <> ''),
    source_ref   text NOT NULL CHECK (source_ref <> ''),
    seen_on      date NOT NULL,
    proposed_by  uuid NOT NULL REFERENCES person,
    proposed_at  timestamptz NOT NULL,
    call_id      uuid,
    called_by    uuid REFERENCES person,
    activated_by uuid REFERENCES person,
    activated_at timestamptz,
    assertion_id uuid REFERENCES assertion,
    digest       text NOT NULL,
    valid_until  timestamptz,
    version      bigint NOT NULL CHECK (version > 0),
    event_id     uuid NOT NULL,
    UNIQUE (agency_id, round),
    FOREIGN KEY (call_id, agency_id) REFERENCES call_back (id, agency_id),
    CHECK ((call_id IS NULL) = (called_by IS NULL)),
    CHECK (state NOT IN ('called_back', 'activated') OR call_id IS NOT NULL),
    CHECK ((state = 'activated') = (activated_by IS NOT NULL AND activated_at IS NOT NULL AND valid_until IS NOT NULL AND assertion_id IS NOT NULL AND digest <> '')),
    CHECK (activated_by <> proposed_by),
    CHECK (activated_by <> called_by),
    CHECK (activated_at >= proposed_at),
    CHECK (valid_until > activated_at AND valid_until <= activated_at + interval '365 days')
);
CREATE UNIQUE INDEX vetting_open ON vetting (agency_id) WHERE state IN ('proposed', 'called_back');
CREATE INDEX vetting_due ON vetting (valid_until) WHERE state = 'activated';

-- The statement to an agency and its oversight body: all requests made in its
-- name in a period. The files lie under blob; sums_sha256 is what is signed.
CREATE TABLE agency_statement (
    id          uuid PRIMARY KEY,
    agency_id   uuid NOT NULL REFERENCES agency,
    period_from date NOT NULL,
    period_to   date NOT NULL,
    requests    integer NOT NULL CHECK (requests >= 0),
    made_at     timestamptz NOT NULL,
    log_size    bigint NOT NULL CHECK (log_size >= 0),
    sums_sha256 text NOT NULL CHECK (sums_sha256 ~ '^[0-9a-f]{64}$'),
    blob        text NOT NULL CHECK (blob <> ''),
    event_id    uuid NOT NULL,
    UNIQUE (agency_id, period_from),
    CHECK (period_from < period_to)
);

-- "We did not make this request", said by an agency's administrator.
CREATE TABLE disowned_request (
    id          uuid PRIMARY KEY,
    request_id  uuid NOT NULL UNIQUE,
    agency_id   uuid NOT NULL,
    disowned_by uuid NOT NULL REFERENCES person,
    reason      text NOT NULL CHECK (reason IN ('unknown', 'not_ours', 'officer_denies', 'account_stolen')),
    at          timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);

-- Where a person is told that there is something new. Nothing else is sent there.
CREATE TABLE notice_address (
    id        uuid PRIMARY KEY REFERENCES person,
    address   text NOT NULL CHECK (address = '' OR address ~ '^[^\s@<>,;"]+@[^\s@<>,;"]+$'),
    version   bigint NOT NULL CHECK (version > 0),
    event_id  uuid NOT NULL
);

-- Notices are derived from placed events, and mail from notices: machinery, like
-- sessions, which the log needs not repeat.
CREATE TABLE notice (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES person,
    source_event uuid NOT NULL REFERENCES audit.event,
    kind         text NOT NULL,
    subject      text NOT NULL,
    about        text NOT NULL,
    at           timestamptz NOT NULL,
    read_at      timestamptz,
    UNIQUE (source_event, person_id)
);
CREATE INDEX notice_person ON notice (person_id, at DESC);
CREATE INDEX notice_unread ON notice (person_id) WHERE read_at IS NULL;

CREATE TABLE notice_cursor (
    name text PRIMARY KEY,
    next bigint NOT NULL CHECK (next >= 0)
);
INSERT INTO notice_cursor VALUES ('portal', 0);

-- Mail that has to go out. One letter per person waits at a time: it says only
-- that there is something new.
CREATE TABLE notice_mail (
    id        uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    made_at   timestamptz NOT NULL,
    attempts  integer NOT NULL CHECK (attempts >= 0),
    next_at   timestamptz NOT NULL,
    sent_at   timestamptz,
    failed_at timestamptz,
    trouble   text NOT NULL
);
CREATE UNIQUE INDEX notice_mail_waiting ON notice_mail (person_id) WHERE sent_at IS NULL AND failed_at IS NULL;

-- +goose StatementBegin
CREATE FUNCTION check_registrar(who uuid, what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.role = 'registrar' AND p.active) THEN
        RAISE EXCEPTION '%: a registrar does this, and nobody else', what;
    END IF;
END $$;

-- What a registrar agreed to, they agreed to with their passkey, in this step.
CREATE FUNCTION check_agreed(given uuid, who uuid, event uuid, what text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM assertion a WHERE a.id = given AND a.person_id = who AND a.purpose = 'activate_agency' AND a.event_id = event) THEN
        RAISE EXCEPTION '%: nobody has agreed to this step', what;
    END IF;
END $$;

-- An agency's row is its standing and a copy of what is in force about it.
CREATE FUNCTION check_agency() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.standing <> 'proposed' OR NEW.version <> 1 THEN
            RAISE EXCEPTION 'agency %: an agency comes in as proposed', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'agency %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF (NEW.id, NEW.country, NEW.zone) IS DISTINCT FROM (OLD.id, OLD.country, OLD.zone) THEN
        RAISE EXCEPTION 'agency %: its country and zone do not change', NEW.id;
    END IF;
    IF NEW.standing <> OLD.standing AND (OLD.standing, NEW.standing) NOT IN
       (('proposed', 'verified'), ('proposed', 'declined'), ('verified', 'suspended'), ('suspended', 'verified')) THEN
        RAISE EXCEPTION 'agency %: no step leads from "%" to "%"', NEW.id, OLD.standing, NEW.standing;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit: verified takes a round that this transaction activated, and
-- the copy is what is in force.
CREATE FUNCTION check_agency_ground() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    part record;
BEGIN
    IF NEW.standing = 'verified' AND (TG_OP = 'INSERT' OR OLD.standing <> 'verified') AND NOT EXISTS (
        SELECT 1 FROM vetting v JOIN audit.event e ON e.id = v.event_id
        WHERE v.agency_id = NEW.id AND v.state = 'activated' AND e.xid = pg_current_xact_id()) THEN
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

CREATE FUNCTION check_vetting() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'call_id', 'called_by', 'activated_by', 'activated_at', 'assertion_id', 'digest', 'valid_until', 'version', 'event_id'];
    was text := '';
    c record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM check_registrar(NEW.proposed_by, 'vetting');
        PERFORM check_now(NEW.proposed_at, 'vetting');
        IF NEW.seen_on > NEW.proposed_at::date + 1 THEN
            RAISE EXCEPTION 'vetting %: the directory was seen in the future', NEW.id;
        END IF;
    ELSE
        was := OLD.state;
        IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
            RAISE EXCEPTION 'vetting %: what was proposed does not change', NEW.id;
        END IF;
    END IF;
    IF (was, NEW.state) NOT IN (('', 'proposed'), ('proposed', 'called_back'), ('proposed', 'abandoned'), ('called_back', 'activated'), ('called_back', 'abandoned')) THEN
        RAISE EXCEPTION 'vetting %: no step leads from "%" to "%"', NEW.id, was, NEW.state;
    END IF;
    IF was IN ('called_back') AND (NEW.call_id, NEW.called_by) IS DISTINCT FROM (OLD.call_id, OLD.called_by) THEN
        RAISE EXCEPTION 'vetting %: its call does not change', NEW.id;
    END IF;
    IF NEW.state = 'called_back' OR NEW.state = 'activated' THEN
        SELECT * INTO c FROM call_back WHERE id = NEW.call_id;
        IF c.subject_kind IS DISTINCT FROM 'agency' OR c.subject_id <> NEW.agency_id OR c.outcome <> 'confirmed'
           OR c.called_by <> NEW.called_by OR c.begun_at < NEW.proposed_at THEN
            RAISE EXCEPTION 'vetting %: no call since it was proposed has confirmed it', NEW.id;
        END IF;
    END IF;
    IF NEW.state = 'activated' THEN
        PERFORM check_registrar(NEW.activated_by, 'vetting');
        PERFORM check_now(NEW.activated_at, 'vetting');
        PERFORM check_agreed(NEW.assertion_id, NEW.activated_by, NEW.event_id, 'vetting');
        IF NEW.activated_at < c.recorded_at THEN
            RAISE EXCEPTION 'vetting %: it was activated before its call ended', NEW.id;
        END IF;
    END IF;
    RETURN NEW;
END $$;

-- Whether an entry's successor has come into force by a time. What it replaced
-- does not come back when the successor is retired.
CREATE FUNCTION detail_replaced(entry uuid, at timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM agency_detail n WHERE n.replaces = entry AND n.in_force_from <= at
                   AND (n.state = 'approved' OR n.state = 'retired' AND n.retired_at >= n.in_force_from))
$$;

CREATE FUNCTION check_agency_detail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'approved_by', 'approved_at', 'in_force_from', 'retired_by', 'retired_at', 'assertion_id', 'version', 'event_id'];
    was text := '';
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM check_registrar(NEW.proposed_by, 'agency_detail');
        PERFORM check_now(NEW.proposed_at, 'agency_detail');
        IF NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM agency_detail o WHERE o.id = NEW.replaces AND o.kind = NEW.kind AND o.state = 'approved') THEN
            RAISE EXCEPTION 'agency_detail %: it replaces nothing of its kind', NEW.id;
        END IF;
    ELSE
        was := OLD.state;
        IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
            RAISE EXCEPTION 'agency_detail %: what was entered does not change', NEW.id;
        END IF;
        IF OLD.approved_by IS NOT NULL AND (NEW.approved_by, NEW.approved_at, NEW.in_force_from, NEW.assertion_id)
           IS DISTINCT FROM (OLD.approved_by, OLD.approved_at, OLD.in_force_from, OLD.assertion_id) THEN
            RAISE EXCEPTION 'agency_detail %: an approval does not change', NEW.id;
        END IF;
    END IF;
    IF (was, NEW.state) NOT IN (('', 'proposed'), ('proposed', 'approved'), ('proposed', 'declined'), ('approved', 'retired')) THEN
        RAISE EXCEPTION 'agency_detail %: no step leads from "%" to "%"', NEW.id, was, NEW.state;
    END IF;
    IF NEW.state = 'approved' THEN
        PERFORM check_registrar(NEW.approved_by, 'agency_detail');
        PERFORM check_now(NEW.approved_at, 'agency_detail');
        PERFORM check_agreed(NEW.assertion_id, NEW.approved_by, NEW.event_id, 'agency_detail');
        IF NEW.in_force_from < NEW.approved_at + interval '72 hours'
           AND EXISTS (SELECT 1 FROM agency a WHERE a.id = NEW.agency_id AND a.standing <> 'proposed')
           AND NOT EXISTS (SELECT 1 FROM vetting v JOIN audit.event e ON e.id = v.event_id
                           WHERE v.agency_id = NEW.agency_id AND v.round = 1 AND v.state = 'activated' AND e.xid = pg_current_xact_id()) THEN
            RAISE EXCEPTION 'agency_detail %: what changes is used after 72 hours, not at once', NEW.id;
        END IF;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit: what was retired is not in use any more.
CREATE FUNCTION check_detail_unused() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'retired' AND EXISTS (
        SELECT 1 FROM agency a WHERE a.id = NEW.agency_id
        AND NEW.value = CASE NEW.kind WHEN 'certificate' THEN a.cert_pem WHEN 'domain' THEN a.domain WHEN 'call_back' THEN a.call_back WHEN 'name' THEN a.name END
        AND NOT EXISTS (SELECT 1 FROM agency_detail o WHERE o.agency_id = a.id AND o.kind = NEW.kind AND o.value = NEW.value AND o.state = 'approved')) THEN
        RAISE EXCEPTION 'agency_detail %: it is retired and still in use', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_call_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    result CONSTANT text[] := ARRAY['state', 'reached', 'reached_name', 'reached_function', 'answers', 'outcome', 'note', 'recorded_at', 'version', 'event_id'];
    d record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.state <> 'begun' OR NEW.state <> 'recorded' OR NEW.version <> OLD.version + 1
           OR to_jsonb(NEW) - result IS DISTINCT FROM to_jsonb(OLD) - result THEN
            RAISE EXCEPTION 'call_back %: a call is recorded once, as it was made', NEW.id;
        END IF;
        PERFORM check_now(NEW.recorded_at, 'call_back');
        RETURN NEW;
    END IF;
    IF NEW.state <> 'begun' THEN
        RAISE EXCEPTION 'call_back %: a call is begun before it is recorded', NEW.id;
    END IF;
    PERFORM check_now(NEW.begun_at, 'call_back');
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.called_by AND p.active AND p.agency_id IS NULL) THEN
        RAISE EXCEPTION 'call_back %: staff call, and nobody else', NEW.id;
    END IF;
    SELECT * INTO d FROM agency_detail WHERE id = NEW.detail_id;
    IF d.kind <> 'call_back' THEN
        RAISE EXCEPTION 'call_back %: the number is not one for calling back', NEW.id;
    END IF;
    IF NOT (d.state = 'approved' AND d.in_force_from <= NEW.begun_at AND NOT detail_replaced(d.id, NEW.begun_at)
            OR d.state = 'proposed' AND NEW.subject_kind = 'agency'
               AND EXISTS (SELECT 1 FROM agency a WHERE a.id = NEW.agency_id AND a.standing = 'proposed')) THEN
        RAISE EXCEPTION 'call_back %: the number is not in force', NEW.id;
    END IF;
    IF NOT (CASE NEW.subject_kind
        WHEN 'agency' THEN NEW.subject_id = NEW.agency_id
        WHEN 'request' THEN EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.subject_id AND q.agency_id = NEW.agency_id)
        ELSE EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.subject_id AND p.agency_id = NEW.agency_id) END) THEN
        RAISE EXCEPTION 'call_back %: its subject is not the agency''s', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_disowned() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.disowned_by AND p.role = 'agency_admin' AND p.active AND p.agency_id = NEW.agency_id) THEN
        RAISE EXCEPTION 'disowned_request %: an administrator of the agency says so, and nobody else', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_agency BEFORE INSERT OR UPDATE ON agency FOR EACH ROW EXECUTE FUNCTION check_agency();
CREATE CONSTRAINT TRIGGER check_agency_ground AFTER INSERT OR UPDATE ON agency
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_agency_ground();
CREATE TRIGGER check_vetting BEFORE INSERT OR UPDATE ON vetting FOR EACH ROW EXECUTE FUNCTION check_vetting();
CREATE TRIGGER check_agency_detail BEFORE INSERT OR UPDATE ON agency_detail FOR EACH ROW EXECUTE FUNCTION check_agency_detail();
CREATE CONSTRAINT TRIGGER check_detail_unused AFTER UPDATE ON agency_detail
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_detail_unused();
CREATE TRIGGER check_call_back BEFORE INSERT OR UPDATE ON call_back FOR EACH ROW EXECUTE FUNCTION check_call_back();
CREATE TRIGGER check_disowned BEFORE INSERT ON disowned_request FOR EACH ROW EXECUTE FUNCTION check_disowned();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON disowned_request FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON agency_statement FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE agency ENABLE ALWAYS TRIGGER check_agency;
ALTER TABLE agency ENABLE ALWAYS TRIGGER check_agency_ground;
ALTER TABLE vetting ENABLE ALWAYS TRIGGER check_vetting;
ALTER TABLE agency_detail ENABLE ALWAYS TRIGGER check_agency_detail;
ALTER TABLE agency_detail ENABLE ALWAYS TRIGGER check_detail_unused;
ALTER TABLE call_back ENABLE ALWAYS TRIGGER check_call_back;
ALTER TABLE disowned_request ENABLE ALWAYS TRIGGER check_disowned;
ALTER TABLE disowned_request ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE agency_statement ENABLE ALWAYS TRIGGER written_once;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY[
    'public.agency_detail', 'public.call_back', 'public.vetting', 'public.agency_statement', 'public.disowned_request', 'public.notice_address']) AS t;

-- Who to write to or call, of an agency, as it is in force now.
CREATE VIEW agency_contact WITH (security_invoker = true) AS
SELECT d.id, d.agency_id, d.kind, d.name, d.channel, d.value, d.source, d.source_ref, d.seen_on, d.in_force_from
FROM agency_detail d
WHERE d.kind IN ('issuer', 'oversight', 'call_back') AND d.state = 'approved' AND d.in_force_from <= now()
  AND NOT detail_replaced(d.id, now());

-- +goose StatementBegin
-- Staff who vet, decide or watch see what is on file; an agency's administrator
-- sees their own; officers, confirmers and nobody see nothing.
CREATE FUNCTION may_see_vetting(agency uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE lerd_scope()
        WHEN 'registrar' THEN true WHEN 'reviewer' THEN true WHEN 'counsel' THEN true WHEN 'approver' THEN true
        WHEN 'auditor' THEN true WHEN 'system' THEN true
        WHEN 'agency_admin' THEN agency::text = coalesce(current_setting('lerd.agency', true), '')
        ELSE false END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['agency_detail', 'vetting'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_agency ON %I TO lerd_app USING (may_see_vetting(agency_id)) WITH CHECK (lerd_scope() IN (''registrar'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
    ALTER TABLE call_back ENABLE ROW LEVEL SECURITY;
    CREATE POLICY of_agency ON call_back TO lerd_app USING (may_see_vetting(agency_id) AND lerd_scope() <> 'agency_admin')
        WITH CHECK (lerd_scope() IN ('registrar', 'reviewer', 'system'));
    CREATE POLICY all_to_auditor ON call_back FOR SELECT TO lerd_auditor USING (true);
    ALTER TABLE agency_statement ENABLE ROW LEVEL SECURITY;
    CREATE POLICY of_agency ON agency_statement TO lerd_app USING (may_see_vetting(agency_id)) WITH CHECK (lerd_scope() = 'system');
    CREATE POLICY all_to_auditor ON agency_statement FOR SELECT TO lerd_auditor USING (true);
    ALTER TABLE disowned_request ENABLE ROW LEVEL SECURITY;
    CREATE POLICY of_agency ON disowned_request TO lerd_app USING (may_see_vetting(agency_id))
        WITH CHECK (lerd_scope() = 'agency_admin' AND agency_id::text = coalesce(current_setting('lerd.agency', true), ''));
    CREATE POLICY all_to_auditor ON disowned_request FOR SELECT TO lerd_auditor USING (true);
END $$;

-- A notice is for one person; so is the address at which they are told.
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notice TO lerd_app USING (lerd_scope() = 'system' OR person_id::text = coalesce(current_setting('lerd.person', true), ''))
    WITH CHECK (lerd_scope() = 'system' OR person_id::text = coalesce(current_setting('lerd.person', true), ''));
ALTER TABLE notice_address ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notice_address TO lerd_app USING (lerd_scope() = 'system' OR id::text = coalesce(current_setting('lerd.person', true), ''));
CREATE POLICY all_to_auditor ON notice_address FOR SELECT TO lerd_auditor USING (true);

-- What an agency's administrator sees of their agency's requests: that they are
-- there, whose they are, where they stand. Not what is in them.
CREATE FUNCTION agency_queue() RETURNS TABLE (id uuid, ref text, state text, officer_id uuid, process_id text, emergency boolean,
    received_at timestamptz, effect_by timestamptz, closed_at timestamptz, event_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT q.id, q.ref, q.state, q.officer_id, q.process_id, q.emergency, q.received_at, q.effect_by, q.closed_at, q.event_id
    FROM request q
    WHERE lerd_scope() = 'agency_admin' AND q.agency_id::text = coalesce(current_setting('lerd.agency', true), '')
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION agency_queue() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agency_queue() TO lerd_app;

GRANT SELECT ON agency_detail, call_back, vetting, agency_statement, disowned_request, notice_address, agency_contact TO lerd_app, lerd_auditor;
GRANT INSERT (id, agency_id, kind, name, channel, value, fingerprint, valid_from, valid_to, source, source_ref, seen_on, state, proposed_by, proposed_at,
              approved_by, approved_at, in_force_from, replaces, retired_by, retired_at, assertion_id, version, event_id) ON agency_detail TO lerd_app;
GRANT UPDATE ON agency_detail TO lerd_app;
GRANT INSERT (id, subject_kind, subject_id, agency_id, detail_id, called_by, begun_at, state, reached, reached_name, reached_function, answers, outcome, note,
              recorded_at, version, event_id), UPDATE ON call_back TO lerd_app;
GRANT INSERT, UPDATE ON vetting, notice_address TO lerd_app;
GRANT INSERT ON agency_statement, disowned_request TO lerd_app;
GRANT SELECT ON notice, notice_cursor, notice_mail TO lerd_app;
GRANT INSERT (id, person_id, source_event, kind, subject, about, at), UPDATE (read_at) ON notice TO lerd_app;
GRANT UPDATE (next) ON notice_cursor TO lerd_app;
GRANT INSERT (id, person_id, made_at, attempts, next_at, trouble), UPDATE (attempts, next_at, sent_at, failed_at, trouble) ON notice_mail TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
