-- Gags, and notices to the users of whom something was disclosed. A user is told
-- when the law of the process wants it or allows it, and never while a gag runs.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- A gag forbids to tell a user of one case. One without an end has a day on which
-- it is looked at again: none runs for ever unseen.
CREATE TABLE gag (
    id            uuid PRIMARY KEY,
    request_id    uuid NOT NULL,
    agency_id     uuid NOT NULL,
    source        text NOT NULL CHECK (source IN ('order', 'separate_order', 'emergency')),
    ordered_in    uuid REFERENCES request, -- the case in which a separate order came
    reference     text NOT NULL CHECK (reference <> ''),
    basis         text NOT NULL,
    begins_at     timestamptz NOT NULL,
    ends_at       timestamptz,
    review_at     timestamptz,
    state         text NOT NULL CHECK (state IN ('running', 'ended')),
    ended_why     text NOT NULL CHECK (ended_why IN ('', 'expired', 'lifted')),
    ended_at      timestamptz,
    steps         integer NOT NULL CHECK (steps >= 0), -- renewals, reviews and lifting
    registered_by uuid REFERENCES person, -- NULL: lerd, from the order
    version       bigint NOT NULL CHECK (version > 0),
    event_id      uuid NOT NULL,
    UNIQUE (id, request_id, agency_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK (ends_at IS NOT NULL OR review_at IS NOT NULL),
    CHECK (ends_at > begins_at),
    CHECK (source <> 'separate_order' OR registered_by IS NOT NULL OR ordered_in IS NOT NULL),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL) AND (state = 'ended') = (ended_why <> '')),
    CHECK (ended_why <> 'expired' OR (ends_at IS NOT NULL AND ends_at <= ended_at))
);
CREATE INDEX gag_request ON gag (request_id) WHERE state = 'running';
CREATE INDEX gag_due ON gag (least(ends_at, review_at)) WHERE state = 'running';
-- what the order itself says is registered once
CREATE UNIQUE INDEX gag_of_order ON gag (request_id, source) WHERE source IN ('order', 'emergency');

-- What counsel did about a gag, with the paper on which it rests.
CREATE TABLE gag_step (
    id         uuid PRIMARY KEY,
    gag_id     uuid NOT NULL,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    ordinal    integer NOT NULL CHECK (ordinal > 0),
    kind       text NOT NULL CHECK (kind IN ('renewed', 'reviewed', 'lifted')),
    reference  text NOT NULL,
    ends_at    timestamptz,
    review_at  timestamptz,
    why        text NOT NULL CHECK (why <> ''),
    by_id      uuid NOT NULL REFERENCES person,
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (gag_id, ordinal),
    FOREIGN KEY (gag_id, request_id, agency_id) REFERENCES gag (id, request_id, agency_id),
    CHECK (kind <> 'renewed' OR reference <> ''),
    CHECK (kind = 'lifted' OR ends_at IS NOT NULL OR review_at IS NOT NULL)
);

-- A notice to the user of one account about one release. It holds no word of the
-- user's: the platform delivers it, and signs that it did.
CREATE TABLE user_notice (
    id           uuid PRIMARY KEY,
    ref          text NOT NULL UNIQUE CHECK (ref ~ '^UN-[0-9]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$'),
    request_id   uuid NOT NULL,
    agency_id    uuid NOT NULL,
    release_id   uuid NOT NULL,
    account_id   bigint NOT NULL,
    rule         text NOT NULL CHECK (rule IN ('required', 'optional', 'by_order', 'forbidden')),
    categories   text NOT NULL CHECK (categories IN ('phone_number', 'ip_address', 'phone_number ip_address')),
    country      text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    authority    text NOT NULL CHECK (authority ~ '^[a-z_]+$'),
    disclosed_at timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('scheduled', 'withheld', 'sent', 'delivered')),
    withheld_why text NOT NULL CHECK (withheld_why IN ('', 'law')),
    due_at       timestamptz NOT NULL,
    attempts     integer NOT NULL CHECK (attempts >= 0),
    next_at      timestamptz NOT NULL,
    sent_at      timestamptz,
    delivered_at timestamptz,
    receipt      text NOT NULL,
    version      bigint NOT NULL CHECK (version > 0),
    event_id     uuid NOT NULL,
    UNIQUE (release_id, account_id),
    FOREIGN KEY (release_id, request_id, agency_id) REFERENCES release (id, request_id, agency_id),
    CHECK ((state = 'withheld') = (withheld_why <> '')),
    CHECK ((rule = 'forbidden') = (state = 'withheld')), -- nobody but the law withholds; what silences for a time is a gag
    CHECK ((state IN ('sent', 'delivered')) = (sent_at IS NOT NULL AND attempts > 0)),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL AND receipt <> ''))
);
CREATE INDEX user_notice_due ON user_notice (next_at) WHERE state IN ('scheduled', 'sent');

-- +goose StatementBegin
-- A gag and a notice of the same case wait for one another.
CREATE FUNCTION lock_notices_of(request uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('user notices of ' || request::text, 0))
$$;

CREATE FUNCTION digest_time(t timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
$$;

CREATE FUNCTION check_gag() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['ends_at', 'review_at', 'state', 'ended_why', 'ended_at', 'steps', 'version', 'event_id'];
    s record;
BEGIN
    PERFORM lock_notices_of(NEW.request_id);
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'running' OR NEW.version <> 1 OR NEW.steps <> 0 THEN
            RAISE EXCEPTION 'gag %: it begins running', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'ended' THEN
        RAISE EXCEPTION 'gag %: what has ended stays ended', NEW.id;
    END IF;
    IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'gag %: what was ordered does not change', NEW.id;
    END IF;
    IF NEW.ended_why = 'expired' THEN
        IF (NEW.ends_at, NEW.review_at, NEW.steps) IS DISTINCT FROM (OLD.ends_at, OLD.review_at, OLD.steps)
           OR NEW.ended_at > clock_timestamp() + lerd_clock_slack() THEN
            RAISE EXCEPTION 'gag %: its time is not over', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO s FROM gag_step WHERE gag_id = NEW.id AND event_id = NEW.event_id AND ordinal = NEW.steps;
    IF NOT FOUND OR NEW.steps <> OLD.steps + 1 THEN
        RAISE EXCEPTION 'gag %: somebody renews, reviews or lifts it, and says why', NEW.id;
    END IF;
    IF (s.kind = 'lifted') <> (NEW.ended_why = 'lifted') OR (s.kind <> 'lifted' AND (NEW.ends_at, NEW.review_at) IS DISTINCT FROM (s.ends_at, s.review_at))
       OR (s.kind = 'lifted' AND (NEW.ends_at, NEW.review_at) IS DISTINCT FROM (OLD.ends_at, OLD.review_at))
       OR (s.kind = 'reviewed' AND NEW.ends_at IS DISTINCT FROM OLD.ends_at) THEN
        RAISE EXCEPTION 'gag %: its end is not what the step says', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Whoever silences, or lets speak, agrees with their passkey.
CREATE FUNCTION check_gag_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.registered_by IS NOT NULL THEN
        PERFORM check_step_up('gag ' || NEW.id, NEW.registered_by, 'gag',
            digest_of('lerd gag v1', NEW.request_id::text, NEW.reference, digest_time(NEW.ends_at), digest_time(NEW.review_at)), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_gag_step_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_step_up('gag step ' || NEW.id, NEW.by_id, 'gag',
        digest_of('lerd gag step v1', NEW.gag_id::text, NEW.kind, NEW.ordinal::text, NEW.reference, digest_time(NEW.ends_at), digest_time(NEW.review_at)), NEW.event_id);
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.by_id AND p.role = 'counsel' AND p.active) THEN
        RAISE EXCEPTION 'gag step %: counsel takes it, and nobody else', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM gag g WHERE g.id = NEW.gag_id AND g.event_id = NEW.event_id AND g.steps = NEW.ordinal) THEN
        RAISE EXCEPTION 'gag step %: its gag did not take it', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_user_notice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'attempts', 'next_at', 'sent_at', 'delivered_at', 'receipt', 'version', 'event_id'];
BEGIN
    PERFORM lock_notices_of(NEW.request_id);
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('scheduled', 'withheld') OR NEW.version <> 1 OR NEW.attempts <> 0 THEN
            RAISE EXCEPTION 'user notice %: it begins scheduled or withheld', NEW.id;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM release r JOIN release_item i ON i.release_id = r.id WHERE r.id = NEW.release_id AND r.state = 'exported' AND i.account_id = NEW.account_id) THEN
            RAISE EXCEPTION 'user notice %: nothing of this account was disclosed', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'user notice %: what it says does not change', NEW.id;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('scheduled', 'sent'), ('sent', 'sent'), ('sent', 'delivered')) THEN
        RAISE EXCEPTION 'user notice %: no step leads from % to %', NEW.id, OLD.state, NEW.state;
    END IF;
    IF NEW.state = 'sent' THEN
        IF EXISTS (SELECT 1 FROM gag g WHERE g.request_id = NEW.request_id AND g.state = 'running') THEN
            RAISE EXCEPTION 'user notice %: a gag runs', NEW.id;
        END IF;
        IF EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.confidential AND NOT EXISTS (SELECT 1 FROM gag g WHERE g.request_id = q.id)) THEN
            RAISE EXCEPTION 'user notice %: the order asks for secrecy, and no gag is registered', NEW.id;
        END IF;
        IF NEW.due_at > clock_timestamp() + lerd_clock_slack() OR NEW.attempts <> OLD.attempts + 1
           OR (OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at) THEN
            RAISE EXCEPTION 'user notice %: it is not due', NEW.id;
        END IF;
    END IF;
    IF NEW.state = 'delivered' AND (NEW.attempts, NEW.sent_at) IS DISTINCT FROM (OLD.attempts, OLD.sent_at) THEN
        RAISE EXCEPTION 'user notice %: what was sent does not change', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_gag BEFORE INSERT OR UPDATE ON gag FOR EACH ROW EXECUTE FUNCTION check_gag();
CREATE CONSTRAINT TRIGGER step_up AFTER INSERT ON gag DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_gag_agreed();
CREATE CONSTRAINT TRIGGER step_up AFTER INSERT ON gag_step DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_gag_step_agreed();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON gag_step FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_notice BEFORE INSERT OR UPDATE ON user_notice FOR EACH ROW EXECUTE FUNCTION check_user_notice();
ALTER TABLE gag ENABLE ALWAYS TRIGGER check_gag;
ALTER TABLE gag ENABLE ALWAYS TRIGGER step_up;
ALTER TABLE gag_step ENABLE ALWAYS TRIGGER step_up;
ALTER TABLE gag_step ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE user_notice ENABLE ALWAYS TRIGGER check_notice;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY['public.gag', 'public.gag_step', 'public.user_notice']) AS t;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['gag', 'gag_step', 'user_notice'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY staff_read ON %I FOR SELECT TO lerd_app USING (lerd_scope() IN (''reviewer'', ''counsel'', ''approver'', ''auditor'', ''system''))', t);
        EXECUTE format('CREATE POLICY written ON %I FOR INSERT TO lerd_app WITH CHECK (lerd_scope() IN (''counsel'', ''system''))', t);
        EXECUTE format('CREATE POLICY changed ON %I FOR UPDATE TO lerd_app USING (lerd_scope() IN (''counsel'', ''system'')) WITH CHECK (lerd_scope() IN (''counsel'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT ON gag, gag_step, user_notice TO lerd_app, lerd_auditor;
GRANT INSERT ON gag, gag_step, user_notice TO lerd_app;
GRANT UPDATE (ends_at, review_at, state, ended_why, ended_at, steps, version, event_id) ON gag TO lerd_app;
GRANT UPDATE (state, attempts, next_at, sent_at, delivered_at, receipt, version, event_id) ON user_notice TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
