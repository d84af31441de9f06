-- Where the authority of the State in which an order is carried out may refuse for a
-- time, nothing leaves before that time is over, but in an emergency that was
-- confirmed by a call back.
-- LAW: Regulation (EU) 2023/1543 Art. 8(4), 10(2)

-- +goose Up

SET LOCAL ROLE lerd_owner;

ALTER TABLE request ADD COLUMN not_before timestamptz;
ALTER TABLE request ADD CONSTRAINT request_not_before CHECK (not_before > received_at);

-- +goose StatementBegin
-- As before, but that the wait begins with the clocks.
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
            progress := progress || ARRAY['received_at', 'acknowledge_by', 'legal_zone', 'not_before'];
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
-- +goose StatementEnd

-- +goose StatementBegin
-- A bundle is ready for its agency no earlier than the wait of its case allows.
CREATE FUNCTION check_release_wait() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state = 'exported' AND OLD.state <> 'exported' AND EXISTS (
        SELECT 1 FROM request q WHERE q.id = NEW.request_id AND coalesce(NEW.exported_at, '-infinity') < q.not_before
        AND NOT (q.emergency AND EXISTS (SELECT 1 FROM call_back c WHERE c.subject_kind = 'request' AND c.subject_id = q.id AND c.outcome = 'confirmed'))) THEN
        RAISE EXCEPTION 'release %: an authority may still refuse', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_wait BEFORE UPDATE ON release FOR EACH ROW EXECUTE FUNCTION check_release_wait();
ALTER TABLE release ENABLE ALWAYS TRIGGER check_wait;

-- Nothing that staff write reaches an agency with an open placeholder: messages too that
-- nobody asked for.
ALTER TABLE message DROP CONSTRAINT message_filled;
ALTER TABLE message ADD CONSTRAINT message_filled
    CHECK (from_role NOT IN ('reviewer', 'counsel', 'approver', 'confirmer', 'registrar', 'administrator', 'auditor') OR body !~ '(###|\[\[|\]\])') NOT VALID;
