-- Retention: what is personal in a case is erased when its time has come, and
-- nothing else is, and not before. The log stays whole: it holds commitments,
-- and what opened them goes.
--
-- What the database itself holds, whoever writes:
--   * an erasure stands for a class whose term is over and for a case that is
--     closed and that no legal hold keeps, in the transaction that erases;
--   * the application changes no row by itself: it asks for an erasure, and the
--     owner's functions empty the columns that retention.field lists, and no others;
--   * whatever is emptied names the event of its erasure, so that the replay of
--     the log still finds every row as it was written last;
--   * a hold ends by the word of two people.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE SCHEMA retention AUTHORIZATION lerd_owner;

-- The classes and their shortest terms; policies/retention.yaml says the same,
-- and a test compares them. The terms in force are in retention_term, no shorter.
CREATE TABLE retention.class (
    id      text PRIMARY KEY,
    subject text NOT NULL CHECK (subject IN ('request', 'finding')),
    floor   integer NOT NULL CHECK (floor > 0) -- days
);
INSERT INTO retention.class VALUES ('records', 'request', 30), ('case', 'request', 90), ('finding', 'finding', 90);

-- What is emptied, and what it becomes: an expression over the row.
CREATE TABLE retention.field (
    class     text NOT NULL REFERENCES retention.class,
    tablename text NOT NULL,
    columname text NOT NULL,
    becomes   text NOT NULL,
    PRIMARY KEY (tablename, columname)
);
INSERT INTO retention.field VALUES
    ('case', 'request', 'emergency_reason', ''''''),
    ('case', 'request', 'order_number', '''erased'''),
    ('case', 'request', 'issuer_name', '''erased'''),
    ('case', 'request', 'addressee', '''erased'''),
    ('case', 'request', 'offence_text', '''erased'''),
    ('case', 'request', 'need', '''erased'''),
    ('case', 'request', 'confidential_basis', ''''''),
    ('case', 'request', 'reasons', ''''''),
    ('case', 'target', 'identifier', '''erased'''),
    ('case', 'target', 'as_typed', '''erased'''),
    ('case', 'target', 'account_id', 'NULL'),
    ('case', 'target', 'resolution', ''''''),
    ('case', 'check_answer', 'note', ''''''),
    ('case', 'message', 'body', '''erased'''),
    ('case', 'message', 'from_name', '''erased'''),
    ('case', 'decision', 'note', ''''''),
    ('case', 'document', 'file_name', '''erased'''),
    ('case', 'document_print', 'mark', ''''''),
    ('case', 'document_print', 'bands', ''''''),
    ('case', 'document_print', 'picture', ''''''),
    ('case', 'document_print', 'domains', ''''''),
    ('case', 'document_print', 'urgent', ''''''),
    ('case', 'document_examination', 'signatures', '''[]'''),
    ('case', 'document_examination', 'pictures', ''''''),
    ('case', 'risk_statement', 'factors', ''''''),
    ('case', 'risk_clearance', 'note', '''erased'''),
    ('case', 'risk_override', 'reason', '''erased'''),
    ('case', 'risk_override', 'decided_note', ''''''),
    ('case', 'issuer_echo', 'contact', '''erased'''),
    ('case', 'issuer_echo', 'address', '''erased'''),
    ('case', 'issuer_echo', 'answered_name', 'CASE answered_name WHEN '''' THEN '''' ELSE ''erased'' END'),
    ('case', 'issuer_echo', 'answered_note', ''''''),
    ('case', 'case_hold', 'lift_reason', 'CASE lift_reason WHEN '''' THEN '''' ELSE ''erased'' END'),
    ('case', 'call_back', 'reached_name', 'CASE reached_name WHEN '''' THEN '''' ELSE ''erased'' END'),
    ('case', 'call_back', 'note', ''''''),
    ('case', 'recall', 'note', ''''''),
    ('case', 'recall', 'decided_note', ''''''),
    ('case', 'recall', 'holders', 'CASE holders WHEN '''' THEN '''' ELSE ''erased'' END'),
    ('case', 'takeover', 'why', '''erased'''),
    ('case', 'amendment', 'why', '''erased'''),
    ('case', 'disowned_request', 'reason', '''erased'''),
    ('case', 'case_skip', 'note', 'CASE note WHEN '''' THEN '''' ELSE ''erased'' END'),
    ('case', 'document_examination', 'malware', ''''''),
    ('case', 'gag', 'reference', '''erased'''),
    ('case', 'gag', 'basis', 'CASE basis WHEN '''' THEN '''' ELSE ''erased'' END'),
    ('case', 'gag_step', 'reference', 'CASE reference WHEN '''' THEN '''' ELSE ''erased'' END'),
    ('case', 'gag_step', 'why', '''erased'''),
    ('case', 'objection', 'content', '''erased'''),
    ('case', 'objection', 'content_sha256', 'encode(sha256(''erased''::bytea), ''hex'')'),
    ('case', 'user_notice', 'account_id', '0'),
    ('finding', 'finding', 'account_id', '-nextval(''retention.surrogate'')'),
    ('finding', 'finding', 'evidence', ''''''),
    ('finding', 'release_item', 'account_id', '(SELECT f.account_id FROM public.finding f WHERE f.id = finding_id)'),
    ('finding', 'finding_origin', 'external_ref', '''erased '' || id'),
    ('finding', 'confirmation', 'evidence', ''''''),
    ('finding', 'confirmation', 'note', ''''''),
    ('finding', 'appeal_verdict', 'note', '''erased''');

-- What stands for an account's number after its erasure.
CREATE SEQUENCE retention.surrogate;

-- Nobody adds to these but a migration.
-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['class', 'field'] LOOP
        EXECUTE format('CREATE TRIGGER written_once BEFORE UPDATE OR DELETE OR TRUNCATE ON retention.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', t);
        EXECUTE format('ALTER TABLE retention.%I ENABLE ALWAYS TRIGGER written_once', t);
    END LOOP;
END $$;
-- +goose StatementEnd

-- The terms in force, as the newest policy says; each change is an event.
CREATE TABLE retention_term (
    id       uuid PRIMARY KEY,
    class    text NOT NULL UNIQUE REFERENCES retention.class,
    days     integer NOT NULL CHECK (days > 0 AND days <= 36500),
    version  bigint NOT NULL CHECK (version > 0),
    event_id uuid NOT NULL
);

-- A case that counsel keeps from erasure.
CREATE TABLE legal_hold (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES request,
    reason     text NOT NULL CHECK (reason <> ''),
    placed_by  uuid NOT NULL REFERENCES person,
    placed_at  timestamptz NOT NULL,
    state      text NOT NULL CHECK (state IN ('placed', 'lifting', 'lifted')),
    lift_by    uuid REFERENCES person,
    lift_reason text NOT NULL,
    lifted_by  uuid REFERENCES person,
    lifted_at  timestamptz,
    version    bigint NOT NULL CHECK (version > 0),
    event_id   uuid NOT NULL,
    CHECK ((state = 'placed') = (lift_by IS NULL) AND (lift_by IS NULL) = (lift_reason = '')),
    CHECK ((state = 'lifted') = (lifted_by IS NOT NULL AND lifted_at IS NOT NULL)),
    CHECK (lifted_by <> lift_by)
);
CREATE INDEX legal_hold_of ON legal_hold (request_id) WHERE state <> 'lifted';

-- What was erased, under which class, and when it was due.
CREATE TABLE erasure (
    id         uuid PRIMARY KEY,
    class      text NOT NULL REFERENCES retention.class,
    subject_id uuid NOT NULL,
    due_at     timestamptz NOT NULL,
    made_at    timestamptz NOT NULL,
    files_gone_at timestamptz,
    version    bigint NOT NULL CHECK (version > 0),
    event_id   uuid NOT NULL,
    UNIQUE (class, subject_id)
);
CREATE INDEX erasure_files ON erasure (made_at) WHERE files_gone_at IS NULL;
CREATE INDEX request_closed ON request (closed_at) WHERE closed_at IS NOT NULL;

-- +goose StatementBegin
-- When a subject may be erased under a class; NULL while it may not.
CREATE FUNCTION retention.due(class text, subject uuid) RETURNS timestamptz LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    days  integer;
    since timestamptz;
BEGIN
    SELECT greatest(t.days, c.floor) INTO days FROM retention.class c JOIN retention_term t ON t.class = c.id WHERE c.id = due.class;
    IF due.class IN ('records', 'case') THEN
        SELECT q.closed_at INTO since FROM request q WHERE q.id = subject;
        IF due.class = 'case' AND EXISTS (SELECT 1 FROM release_record d JOIN release r ON r.id = d.release_id WHERE r.request_id = subject) THEN
            RETURN NULL; -- what was released goes first
        END IF;
    ELSIF EXISTS (SELECT 1 FROM finding_ask a WHERE a.finding_id = subject) AND NOT EXISTS (SELECT 1 FROM finding_ask a WHERE a.finding_id = subject
                      AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.class = 'case' AND e.subject_id = a.request_id)) THEN
        SELECT greatest(f.opened_at, (SELECT max(e.made_at) FROM finding_ask a JOIN erasure e ON e.class = 'case' AND e.subject_id = a.request_id
                                      WHERE a.finding_id = f.id)) INTO since FROM finding f WHERE f.id = subject;
    END IF;
    RETURN since + make_interval(days => days);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION check_erasure() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    due timestamptz;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(OLD) - ARRAY['files_gone_at', 'version', 'event_id']) <> (to_jsonb(NEW) - ARRAY['files_gone_at', 'version', 'event_id'])
           OR OLD.files_gone_at IS NOT NULL OR NEW.files_gone_at IS NULL OR NEW.version <> OLD.version + 1 THEN
            RAISE EXCEPTION 'erasure %: an erasure is not changed', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    due := retention.due(NEW.class, NEW.subject_id);
    IF due IS NULL OR due <> NEW.due_at OR due > clock_timestamp() + lerd_clock_slack() THEN
        RAISE EXCEPTION 'erasure %: % % is not due', NEW.id, NEW.class, NEW.subject_id;
    END IF;
    -- Locked, so that a hold placed meanwhile comes either before or after.
    IF EXISTS (SELECT 1 FROM legal_hold h WHERE h.request_id = NEW.subject_id AND h.state <> 'lifted' FOR UPDATE)
       OR EXISTS (SELECT 1 FROM finding_ask a JOIN legal_hold h ON h.request_id = a.request_id WHERE a.finding_id = NEW.subject_id AND h.state <> 'lifted') THEN
        RAISE EXCEPTION 'erasure %: a legal hold keeps %', NEW.id, NEW.subject_id;
    END IF;
    PERFORM 1 FROM request q WHERE q.id = NEW.subject_id FOR UPDATE;
    IF NEW.files_gone_at IS NOT NULL OR NEW.version <> 1 THEN
        RAISE EXCEPTION 'erasure %: files go after it', NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_erasure BEFORE INSERT OR UPDATE ON erasure FOR EACH ROW EXECUTE FUNCTION check_erasure();
ALTER TABLE erasure ENABLE ALWAYS TRIGGER check_erasure;

-- A hold is placed by counsel with their passkey and lifted by two people; it
-- waits for an erasure under way.
CREATE FUNCTION check_legal_hold() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM 1 FROM request q WHERE q.id = NEW.request_id FOR UPDATE;
        IF NEW.state <> 'placed' OR NEW.version <> 1 OR NOT is_counsel(NEW.placed_by) THEN
            RAISE EXCEPTION 'legal hold %: it begins as placed, by counsel', NEW.id;
        END IF;
    ELSIF NEW.version <> OLD.version + 1 OR OLD.state = 'lifted'
        OR (NEW.id, NEW.request_id, NEW.reason, NEW.placed_by, NEW.placed_at) IS DISTINCT FROM (OLD.id, OLD.request_id, OLD.reason, OLD.placed_by, OLD.placed_at)
        OR (NEW.state = 'lifted' AND (OLD.state <> 'lifting' OR NEW.lift_by IS DISTINCT FROM OLD.lift_by)) THEN
        RAISE EXCEPTION 'legal hold %: no step leads from % to %', NEW.id, OLD.state, NEW.state;
    ELSIF EXISTS (SELECT 1 FROM person p WHERE p.id IN (NEW.lift_by, NEW.lifted_by) AND NOT (p.active AND p.role IN ('counsel', 'approver'))) THEN
        RAISE EXCEPTION 'legal hold %: counsel and approvers lift it', NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON legal_hold FOR EACH ROW EXECUTE FUNCTION check_legal_hold();
ALTER TABLE legal_hold ENABLE ALWAYS TRIGGER check_step;

CREATE FUNCTION check_legal_hold_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM check_step_up('legal hold ' || NEW.id, NEW.placed_by, 'retain', digest_of('lerd legal hold v1', NEW.request_id::text), NEW.event_id);
    ELSIF NEW.state = 'lifted' THEN
        PERFORM check_step_up('legal hold ' || NEW.id, NEW.lifted_by, 'retain', digest_of('lerd legal hold lifted v1', NEW.id::text), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER step_up AFTER INSERT OR UPDATE ON legal_hold DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_legal_hold_agreed();
ALTER TABLE legal_hold ENABLE ALWAYS TRIGGER step_up;

-- True within the owner's functions, in the very transaction of an erasure.
CREATE FUNCTION retention.erasing() RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN current_user = 'lerd_owner' AND coalesce(current_setting('lerd.erasing', true), '') <> ''
        AND EXISTS (SELECT 1 FROM erasure e WHERE e.id::text = current_setting('lerd.erasing', true) AND e.xmin = pg_current_xact_id()::xid);
END $$;

-- The streams whose payloads go with a subject.
CREATE FUNCTION retention.streams(class text, subject uuid) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE class
        WHEN 'case' THEN ARRAY['request:' || subject]
            || ARRAY(SELECT 'release:' || r.id FROM release r WHERE r.request_id = subject ORDER BY r.id)
            || ARRAY(SELECT 'document:' || q.document_id FROM request q WHERE q.id = subject
                     AND NOT EXISTS (SELECT 1 FROM request o WHERE o.document_id = q.document_id AND o.id <> q.id
                                     AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.class = 'case' AND e.subject_id = o.id)))
        WHEN 'finding' THEN ARRAY['finding:' || subject]
        ELSE '{}'::text[] END
$$;

-- Empties rows of one table: those that the erasure's streams wrote last, and
-- those of its case. step is the erasure's event in one of its streams.
CREATE FUNCTION retention.erase_rows(erasing uuid, step uuid, tablename text, ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    x       erasure;
    keyname text;
    fields  text;
    ofcase  text;
    n       bigint;
BEGIN
    SELECT * INTO STRICT x FROM erasure e WHERE e.id = erasing;
    PERFORM set_config('lerd.erasing', erasing::text, true);
    IF NOT retention.erasing() OR NOT EXISTS (SELECT 1 FROM audit.guarded g WHERE g.name = 'public.' || tablename) THEN
        RAISE EXCEPTION 'erasure %: not of this transaction, or no table %', erasing, tablename;
    END IF;
    SET CONSTRAINTS ALL DEFERRED;
    SELECT a.attname INTO STRICT keyname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = format('public.%I', tablename)::regclass AND i.indisprimary;
    SELECT string_agg(format(', %I = %s', f.columname, f.becomes), '') INTO fields FROM retention.field f
    WHERE f.tablename = erase_rows.tablename AND f.class = x.class;
    ofcase := CASE WHEN tablename = 'request' THEN 't.id = $3'
        WHEN EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = format('public.%I', tablename)::regclass AND a.attname = 'request_id' AND NOT a.attisdropped)
            AND x.class = 'case' THEN 't.request_id = $3'
        WHEN tablename = 'call_back' AND x.class = 'case' THEN 't.subject_id = $3'
        WHEN tablename = 'release_item' AND x.class = 'finding' THEN 't.finding_id = $3'
        ELSE 'false' END;
    EXECUTE format('UPDATE public.%I t SET event_id = $1%s WHERE t.%I = ANY ($2) AND (%s OR EXISTS (
        SELECT 1 FROM audit.event e WHERE e.id = t.event_id AND (e.stream = ANY ($4) OR e.id = $1)))', tablename, coalesce(fields, ''), keyname, ofcase)
    USING step, ids, x.subject_id, retention.streams(x.class, x.subject_id);
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n <> cardinality(ids) THEN
        RAISE EXCEPTION 'erasure %: % of % rows of % are not of this subject', erasing, cardinality(ids) - n, cardinality(ids), tablename;
    END IF;
    PERFORM set_config('lerd.erasing', '', true);
END $$;

-- Removes what opens the commitments of the erasure's streams, but for those of
-- its own events. It gives how many.
CREATE FUNCTION retention.erase_payloads(erasing uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    x erasure;
    n bigint;
BEGIN
    SELECT * INTO STRICT x FROM erasure e WHERE e.id = erasing;
    DELETE FROM audit.payload p USING audit.event e WHERE e.id = p.event_id AND e.stream = ANY (retention.streams(x.class, x.subject_id))
        AND e.kind <> 'erasure.made';
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- Removes the records that were frozen for the bundles of a case.
CREATE FUNCTION retention.erase_records(erasing uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    x erasure;
    n bigint;
BEGIN
    SELECT * INTO STRICT x FROM erasure e WHERE e.id = erasing AND e.class = 'records';
    PERFORM set_config('lerd.erasing', erasing::text, true);
    DELETE FROM release_record d USING release r WHERE r.id = d.release_id AND r.request_id = x.subject_id;
    GET DIAGNOSTICS n = ROW_COUNT;
    PERFORM set_config('lerd.erasing', '', true);
    RETURN n;
END $$;

-- Removes what only serves the working day: sessions that ended, notices, forms
-- that were sent, ceremonies, and counts of looks by account. None of it is in the
-- log by more than a digest. days: how long it is kept, at least 30.
CREATE FUNCTION retention.prune(days integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before CONSTANT timestamptz := clock_timestamp() - make_interval(days => greatest(days, 30));
    n bigint := 0;
    m bigint;
    q text;
BEGIN
    FOREACH q IN ARRAY ARRAY['session WHERE coalesce(ended_at, ends_at) < $1', 'notice WHERE at < $1', 'notice_mail WHERE coalesce(sent_at, failed_at) < $1',
        'idempotency WHERE at < $1', 'ceremony WHERE expires_at < $1', 'log_viewed WHERE month + 31 < $1'] LOOP
        EXECUTE 'DELETE FROM ' || q USING before;
        GET DIAGNOSTICS m = ROW_COUNT;
        n := n + m;
    END LOOP;
    RETURN n;
END $$;

-- What opened commitments goes in the transaction of its erasure alone.
CREATE FUNCTION audit.check_erasure() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.erasure x JOIN audit.event v ON v.id = OLD.event_id
                   WHERE x.xmin = pg_current_xact_id()::xid AND x.class IN ('case', 'finding') AND v.kind <> 'erasure.made'
                     AND v.stream = ANY (retention.streams(x.class, x.subject_id))) THEN
        RAISE EXCEPTION 'removal of the payload of event % is refused: nothing of it is due', OLD.event_id USING ERRCODE = 'LR003';
    END IF;
    RETURN OLD;
END $guard$;
DROP TRIGGER audit_append_only ON audit.payload;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR TRUNCATE ON audit.payload FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER audit_erasure BEFORE DELETE ON audit.payload FOR EACH ROW EXECUTE FUNCTION audit.check_erasure();
ALTER TABLE audit.payload ENABLE ALWAYS TRIGGER audit_append_only;
ALTER TABLE audit.payload ENABLE ALWAYS TRIGGER audit_erasure;

-- The guards of the business tables stand aside for an erasure, and for nothing
-- else: every row trigger on a change or removal but the log's own.
DO $aside$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT g.tgrelid::regclass AS rel, g.tgname, pg_get_triggerdef(g.oid) AS def
             FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
             WHERE c.relnamespace = 'public'::regnamespace AND NOT g.tgisinternal AND g.tgtype & 1 = 1 AND g.tgtype & 24 <> 0
               AND g.tgname NOT LIKE 'audit%' AND g.tgrelid NOT IN ('erasure'::regclass, 'legal_hold'::regclass)
               AND pg_get_triggerdef(g.oid) NOT LIKE '%retention.erasing()%' LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.rel);
        IF t.def LIKE '% WHEN (%' THEN
            EXECUTE regexp_replace(t.def, ' WHEN \((.*)\) EXECUTE ', ' WHEN (NOT retention.erasing() AND (\1)) EXECUTE ');
        ELSE
            EXECUTE replace(t.def, ' EXECUTE FUNCTION ', ' WHEN (NOT retention.erasing()) EXECUTE FUNCTION ');
        END IF;
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.rel, t.tgname);
    END LOOP;
END $aside$;
-- +goose StatementEnd

ALTER TABLE release_item ALTER CONSTRAINT release_item_finding_id_account_id_fkey DEFERRABLE INITIALLY IMMEDIATE;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['retention_term', 'legal_hold', 'erasure'] LOOP
        PERFORM audit.guard_table(format('public.%I', t)::regclass);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY keepers ON %I TO lerd_app USING (lerd_scope() IN (''counsel'', ''auditor'', ''approver'', ''system'')) WITH CHECK (lerd_scope() IN (''counsel'', ''approver'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO lerd_app', t);
        EXECUTE format('GRANT SELECT ON %I TO lerd_auditor', t);
    END LOOP;
END $$;
-- +goose StatementEnd
GRANT UPDATE (days, version, event_id) ON retention_term TO lerd_app;
GRANT UPDATE (state, lift_by, lift_reason, lifted_by, lifted_at, version, event_id) ON legal_hold TO lerd_app;
GRANT UPDATE (files_gone_at, version, event_id) ON erasure TO lerd_app;
GRANT USAGE ON SCHEMA retention TO lerd_app, lerd_auditor;
GRANT SELECT ON retention.class, retention.field TO lerd_app, lerd_auditor;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA retention FROM PUBLIC;
GRANT EXECUTE ON FUNCTION retention.due(text, uuid), retention.streams(text, uuid), retention.erasing(), retention.erase_rows(uuid, uuid, text, uuid[]),
    retention.erase_payloads(uuid), retention.erase_records(uuid), retention.prune(integer) TO lerd_app;
GRANT EXECUTE ON FUNCTION retention.erasing(), retention.due(text, uuid), retention.streams(text, uuid) TO lerd_auditor;
REVOKE ALL ON FUNCTION audit.check_erasure() FROM PUBLIC;

RESET ROLE;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    RAISE EXCEPTION 'the audit log is never taken down' USING HINT = 'To begin anew, begin with a new database.';
END $$;
-- +goose StatementEnd
