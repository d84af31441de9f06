-- Findings that come from the moderation system or are made here, and the life of
-- all of them.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- One delivery of findings: a file, a call of a machine, or somebody's own entry.
CREATE TABLE finding_import (
    id          uuid PRIMARY KEY,
    how         text NOT NULL CHECK (how IN ('csv', 'api', 'made')),
    made_by     uuid REFERENCES person, -- NULL: a machine, or the server's own command
    machine     text NOT NULL,
    key         text NOT NULL,
    body_sha256 text NOT NULL CHECK (body_sha256 ~ '^[0-9a-f]{64}$'),
    total       integer NOT NULL CHECK (total >= 0),
    accepted    integer NOT NULL CHECK (accepted >= 0),
    known       integer NOT NULL CHECK (known >= 0),
    faults      text NOT NULL,
    at          timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    CHECK (how <> 'made' OR made_by IS NOT NULL),
    CHECK ((how = 'api') = (machine <> '') AND (machine = '') = (key = ''))
);
CREATE UNIQUE INDEX finding_import_once ON finding_import (machine, key) WHERE machine <> '';

-- Where a finding comes from that no case asked for; the id is the finding's.
CREATE TABLE finding_origin (
    id           uuid PRIMARY KEY REFERENCES finding,
    import_id    uuid NOT NULL REFERENCES finding_import,
    external_ref text NOT NULL UNIQUE CHECK (external_ref <> ''),
    made_by      uuid REFERENCES person,
    event_id     uuid NOT NULL
);

ALTER TABLE finding DROP CONSTRAINT finding_state_check;
ALTER TABLE finding ADD CONSTRAINT finding_state_check CHECK (state IN ('proposed', 'confirmed', 'rejected', 'overturned', 'expired', 'withdrawn'));
CREATE INDEX finding_of_account ON finding (account_id, rule_id) WHERE state IN ('proposed', 'confirmed');
CREATE INDEX finding_over ON finding (expires_at) WHERE state IN ('proposed', 'confirmed');

-- +goose StatementBegin
-- As in 0002, and: a finding that nobody waits for any more is withdrawn, one
-- whose time is over has expired, and its time does not move.
CREATE OR REPLACE FUNCTION check_finding_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
        IF NEW.expires_at IS DISTINCT FROM OLD.expires_at THEN
            RAISE EXCEPTION 'finding %: its time does not move', NEW.id;
        END IF;
    END IF;
    IF NEW.state <> was AND (was, NEW.state) NOT IN (('', 'proposed'), ('proposed', 'confirmed'), ('proposed', 'rejected'), ('proposed', 'expired'), ('proposed', 'withdrawn'),
                                                   ('confirmed', 'overturned'), ('confirmed', 'expired')) THEN
        RAISE EXCEPTION 'finding %: no step leads from "%" to "%"', NEW.id, was, NEW.state;
    END IF;
    IF NEW.state = 'expired' AND was <> 'expired' AND NEW.expires_at > clock_timestamp() + lerd_clock_slack() THEN
        RAISE EXCEPTION 'finding %: its time is not over', NEW.id;
    END IF;
    IF NEW.state = 'withdrawn' AND was <> 'withdrawn' AND finding_waited_for(NEW.id) THEN
        RAISE EXCEPTION 'finding %: somebody waits for it', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A finding is waited for while a case that asked for it is open, or where it came
-- from the moderation system or was made here.
CREATE FUNCTION finding_waited_for(which uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM finding_origin o WHERE o.id = which)
        OR EXISTS (SELECT 1 FROM finding_ask a JOIN request q ON q.id = a.request_id WHERE a.finding_id = which
                   AND q.state NOT IN ('closed', 'refused', 'no_data', 'withdrawn', 'expired', 'redrafted', 'lapsed'))
$$;

-- Whoever brought a finding does not confirm it.
CREATE FUNCTION check_confirmer_apart() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM finding_origin o WHERE o.id = NEW.finding_id AND o.made_by = NEW.person_id) THEN
        RAISE EXCEPTION 'confirmation %: it is of the one who brought the finding', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- An origin is written with its finding, which begins unconfirmed.
CREATE FUNCTION check_finding_origin() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM finding f WHERE f.id = NEW.id AND f.state = 'proposed' AND f.version = 1 AND f.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'origin %: it is written with its finding', NEW.id;
    END IF;
    IF NEW.made_by IS DISTINCT FROM (SELECT i.made_by FROM finding_import i WHERE i.id = NEW.import_id) THEN
        RAISE EXCEPTION 'origin %: its import is somebody else''s', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER apart BEFORE INSERT ON confirmation FOR EACH ROW EXECUTE FUNCTION check_confirmer_apart();
CREATE TRIGGER check_origin BEFORE INSERT ON finding_origin FOR EACH ROW EXECUTE FUNCTION check_finding_origin();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON finding_origin FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON finding_import FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE confirmation ENABLE ALWAYS TRIGGER apart;
ALTER TABLE finding_origin ENABLE ALWAYS TRIGGER check_origin;
ALTER TABLE finding_origin ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE finding_import ENABLE ALWAYS TRIGGER written_once;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY['public.finding_import', 'public.finding_origin']) AS t;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['finding_import', 'finding_origin'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY findings ON %I TO lerd_app USING (lerd_scope() IN (''confirmer'', ''auditor'', ''system'')) WITH CHECK (lerd_scope() IN (''confirmer'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT ON finding_import, finding_origin TO lerd_app, lerd_auditor;
GRANT INSERT ON finding_import, finding_origin TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
