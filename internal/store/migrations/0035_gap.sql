-- A serious error leads to notices of its own to the users whose data it touched. Its
-- entry in the register is closed by their proof of delivery, or by a reason that
-- counsel signs. Such a notice is a user notice: gags, attempts and receipts are those
-- of 0022. An auditor's session is ended by nobody without a trace.

-- +goose Up

SET LOCAL ROLE lerd_owner;

ALTER TABLE user_notice ADD COLUMN error_id uuid REFERENCES error_report; -- NULL: of a disclosure
ALTER TABLE user_notice ADD COLUMN error_what text NOT NULL DEFAULT '';
ALTER TABLE user_notice ADD CONSTRAINT of_an_error CHECK ((error_id IS NULL) = (error_what = ''));
ALTER TABLE user_notice DROP CONSTRAINT user_notice_release_id_account_id_key;
CREATE UNIQUE INDEX user_notice_of_disclosure ON user_notice (release_id, account_id) WHERE error_id IS NULL;
CREATE UNIQUE INDEX user_notice_of_error ON user_notice (error_id, account_id) WHERE error_id IS NOT NULL;

-- Why a serious error is closed without proof that everybody was told.
CREATE TABLE error_reason (
    id       uuid PRIMARY KEY,
    error_id uuid NOT NULL UNIQUE REFERENCES error_report,
    reason   text NOT NULL CHECK (btrim(reason) <> ''),
    by_id    uuid NOT NULL REFERENCES person,
    at       timestamptz NOT NULL,
    event_id uuid NOT NULL
);

-- +goose StatementBegin
-- An auditor's session ends in a transaction whose event is about the session, about
-- another one of theirs, or about the person: whoever else ends it leaves that in the
-- log. It is not made to look unused either, and its row stays.
CREATE FUNCTION check_session_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.role = 'auditor' AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM audit.event e WHERE e.xid = pg_current_xact_id()
        AND (e.stream = 'person:' || NEW.person_id OR e.stream IN (SELECT 'session:' || s.id FROM session s WHERE s.person_id = NEW.person_id))) THEN
        RAISE EXCEPTION 'session %: an auditor''s session ends with an event that says so', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_session_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.seen_at >= OLD.seen_at THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'session %: it stays on record, and was seen when it was', OLD.id;
END $$;

-- Runs at commit: the assessment is of the same transaction.
CREATE FUNCTION check_error_notice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.error_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM error_report x WHERE x.id = NEW.error_id AND x.serious AND x.case_id = NEW.request_id AND x.what = NEW.error_what) THEN
        RAISE EXCEPTION 'user notice %: it is of no serious error of its case', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- Who was told of a disclosure, or is to be, is told of a serious error in its case.
CREATE FUNCTION check_error_told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    excused CONSTANT boolean := EXISTS (SELECT 1 FROM error_reason r WHERE r.error_id = NEW.id);
BEGIN
    IF NEW.serious IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    IF OLD.serious IS NULL AND EXISTS (SELECT 1 FROM user_notice n WHERE n.request_id = NEW.case_id AND n.error_id IS NULL
            AND NOT EXISTS (SELECT 1 FROM user_notice e WHERE e.error_id = NEW.id AND e.account_id = n.account_id)) THEN
        RAISE EXCEPTION 'error %: somebody whom it touched has no notice of it', NEW.id;
    END IF;
    IF NEW.state = 'settled' AND OLD.state <> 'settled' AND NOT excused AND (NEW.told <> 'told'
            OR NOT EXISTS (SELECT 1 FROM user_notice e WHERE e.error_id = NEW.id)
            OR EXISTS (SELECT 1 FROM user_notice e WHERE e.error_id = NEW.id AND e.state <> 'delivered')) THEN
        RAISE EXCEPTION 'error %: it is closed by the proof that all were told, or by a reason that counsel signs', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_error_reason() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT is_role(NEW.by_id, 'counsel') THEN
        RAISE EXCEPTION 'reason %: counsel signs it', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM error_report x WHERE x.id = NEW.error_id AND x.serious AND x.state = 'assessed' AND x.made_by <> NEW.by_id) THEN
        RAISE EXCEPTION 'reason %: it is of no serious error that is open, or of who reported it', NEW.id;
    END IF;
    PERFORM check_step_up('reason ' || NEW.id, NEW.by_id, 'error_reason', digest_of('lerd error reason v1', NEW.error_id::text, (SELECT x.version::text FROM error_report x WHERE x.id = NEW.error_id)), NEW.event_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER check_ends AFTER UPDATE ON session DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_session_ends();
CREATE TRIGGER check_kept BEFORE UPDATE OR DELETE ON session FOR EACH ROW EXECUTE FUNCTION check_session_kept();
ALTER TABLE session ENABLE ALWAYS TRIGGER check_ends;
ALTER TABLE session ENABLE ALWAYS TRIGGER check_kept;
CREATE CONSTRAINT TRIGGER of_error AFTER INSERT ON user_notice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_error_notice();
CREATE CONSTRAINT TRIGGER told AFTER UPDATE ON error_report DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_error_told();
CREATE CONSTRAINT TRIGGER step_up AFTER INSERT ON error_reason DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_error_reason();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON error_reason FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION refuse_change();
ALTER TABLE user_notice ENABLE ALWAYS TRIGGER of_error;
ALTER TABLE error_report ENABLE ALWAYS TRIGGER told;
ALTER TABLE error_reason ENABLE ALWAYS TRIGGER step_up;
ALTER TABLE error_reason ENABLE ALWAYS TRIGGER written_once;

SELECT audit.guard_table('public.error_reason');
ALTER TABLE error_reason ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_to_auditor ON error_reason FOR SELECT TO lerd_auditor USING (true);
CREATE POLICY of_two ON error_reason FOR SELECT TO lerd_app USING (lerd_scope() IN ('counsel', 'auditor', 'system'));
CREATE POLICY written ON error_reason FOR INSERT TO lerd_app WITH CHECK (lerd_scope() = 'counsel');
-- Counsel reads the serious ones, for which a reason may be needed.
CREATE POLICY counsel_reads_serious ON error_report FOR SELECT TO lerd_app USING (lerd_scope() = 'counsel' AND serious);
-- Who assesses an error plans its notices in the same step.
CREATE POLICY of_error ON user_notice FOR INSERT TO lerd_app WITH CHECK (lerd_scope() = 'auditor' AND error_id IS NOT NULL);
GRANT SELECT, INSERT ON error_reason TO lerd_app;
GRANT SELECT ON error_reason TO lerd_auditor;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
