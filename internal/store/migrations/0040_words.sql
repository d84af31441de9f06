-- What is personal about the people who worked with lerd, of the platform and of
-- agencies, is erased when their access has ended and each case in which they took a
-- step has been erased. What stays are their id, role and pseudonym, which the log's
-- entries are read by, and the public keys of their passkeys, by which what they
-- signed is checked.

-- +goose Up

SET LOCAL ROLE lerd_owner;

ALTER TABLE retention.class DROP CONSTRAINT class_subject_check;
ALTER TABLE retention.class ADD CONSTRAINT class_subject_check CHECK (subject IN ('request', 'finding', 'person'));
INSERT INTO retention.class VALUES ('person', 'person', 90);
INSERT INTO retention.field VALUES
    ('person', 'person', 'name', '''erased'''),
    ('person', 'person', 'sign_in', '''erased '' || id'),
    ('person', 'notice_address', 'address', ''''''),
    ('person', 'provider_account', 'subject', '''erased '' || id'),
    ('person', 'passkey', 'credential_id', 'sha256(id::text::bytea)'),
    ('person', 'passkey', 'aaguid', 'NULL'),
    ('person', 'passkey', 'transports', ''''''),
    ('person', 'passkey', 'label', '''erased'''),
    ('person', 'account_change', 'why', '''erased''');

-- +goose StatementBegin
-- When somebody's data may be erased: the term after the newest event about their
-- account and the end of an invitation that waits, and not before every case in which
-- they took a step was erased. NULL while they have access, while such a case stands,
-- and while the index of the log has not come to the end of their access.
CREATE FUNCTION retention.due_person(subject uuid, days integer) RETURNS timestamptz LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    since   timestamptz;
    erased  timestamptz;
    waiting boolean;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = subject AND NOT p.active) THEN
        RETURN NULL;
    END IF;
    SELECT (convert_from(e.entry, 'UTF8')::jsonb ->> 'at')::timestamptz INTO since FROM audit.event e
    WHERE e.stream = 'person:' || subject AND e.kind <> 'erasure.made' ORDER BY e.version DESC LIMIT 1;
    IF since IS NULL OR NOT EXISTS (SELECT 1 FROM log_index i WHERE i.at >= since) THEN
        RETURN NULL;
    END IF;
    since := greatest(since, (SELECT max(i.expires_at) FROM invitation i WHERE i.person_id = subject AND i.state IN ('open', 'enrolled')));
    SELECT bool_or(x.made_at IS NULL), max(x.made_at) INTO waiting, erased
    FROM (SELECT DISTINCT i.case_id FROM log_index i JOIN request q ON q.id = i.case_id
          WHERE i.person = subject::text AND i.stream NOT LIKE 'look:%') c
    LEFT JOIN erasure x ON x.class = 'case' AND x.subject_id = c.case_id;
    IF waiting THEN
        RETURN NULL;
    END IF;
    RETURN greatest(since + make_interval(days => days), erased);
END $$;

-- When a subject may be erased under a class; NULL while it may not.
CREATE OR REPLACE FUNCTION retention.due(class text, subject uuid) RETURNS timestamptz LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    days  integer;
    since timestamptz;
BEGIN
    SELECT greatest(t.days, c.floor) INTO days FROM retention.class c JOIN retention_term t ON t.class = c.id WHERE c.id = due.class;
    IF due.class = 'person' THEN
        RETURN retention.due_person(subject, days);
    ELSIF due.class IN ('records', 'case') THEN
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
CREATE OR REPLACE FUNCTION retention.streams(class text, subject uuid) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT CASE class
        WHEN 'case' THEN ARRAY['request:' || subject]
            || ARRAY(SELECT 'release:' || r.id FROM release r WHERE r.request_id = subject ORDER BY r.id)
            || ARRAY(SELECT 'document:' || q.document_id FROM request q WHERE q.id = subject
                     AND NOT EXISTS (SELECT 1 FROM request o WHERE o.document_id = q.document_id AND o.id <> q.id
                                     AND NOT EXISTS (SELECT 1 FROM erasure e WHERE e.class = 'case' AND e.subject_id = o.id)))
        WHEN 'finding' THEN ARRAY['finding:' || subject]
        WHEN 'person' THEN ARRAY['person:' || subject]
            || ARRAY(SELECT s.stream FROM (SELECT 'notice_address:' || subject AS stream UNION ALL SELECT 'passkey:' || k.id FROM passkey k WHERE k.person_id = subject) s
                     WHERE EXISTS (SELECT 1 FROM audit.event e WHERE e.stream = s.stream) ORDER BY 1)
        ELSE '{}'::text[] END
$$;

CREATE OR REPLACE FUNCTION retention.erase_rows(erasing uuid, step uuid, tablename text, ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
        WHEN x.class = 'person' AND tablename IN ('person', 'notice_address') THEN 't.id = $3'
        WHEN x.class = 'person' AND tablename IN ('passkey', 'provider_account', 'account_change') THEN 't.person_id = $3'
        WHEN EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = format('public.%I', tablename)::regclass AND a.attname = 'request_id' AND NOT a.attisdropped)
            AND x.class = 'case' THEN 't.request_id = $3'
        WHEN tablename = 'call_back' AND x.class = 'case' THEN 't.subject_id = $3'
        WHEN tablename = 'release_item' AND x.class = 'finding' THEN 't.finding_id = $3'
        ELSE 'false' END;
    -- A field is emptied in the rows of the subject alone: a person's stream has also
    -- written rows that are about others.
    IF x.class = 'person' AND fields IS NOT NULL AND EXISTS (SELECT 1 FROM unnest(ids) i(id)) THEN
        EXECUTE format('SELECT count(*) FROM public.%I t WHERE t.%I = ANY ($1) AND NOT (%s)', tablename, keyname, replace(ofcase, '$3', '$2')) INTO n USING ids, x.subject_id;
        IF n > 0 THEN
            RAISE EXCEPTION 'erasure %: % rows of % are of somebody else', erasing, n, tablename;
        END IF;
    END IF;
    EXECUTE format('UPDATE public.%I t SET event_id = $1%s WHERE t.%I = ANY ($2) AND (%s OR EXISTS (
        SELECT 1 FROM audit.event e WHERE e.id = t.event_id AND (e.stream = ANY ($4) OR e.id = $1)))', tablename, coalesce(fields, ''), keyname, ofcase)
    USING step, ids, x.subject_id, retention.streams(x.class, x.subject_id);
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n <> cardinality(ids) THEN
        RAISE EXCEPTION 'erasure %: % of % rows of % are not of this subject', erasing, cardinality(ids) - n, cardinality(ids), tablename;
    END IF;
    PERFORM set_config('lerd.erasing', '', true);
END $$;

CREATE OR REPLACE FUNCTION audit.check_erasure() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM public.erasure x JOIN audit.event v ON v.id = OLD.event_id
                   WHERE x.xmin = pg_current_xact_id()::xid AND x.class IN ('case', 'finding', 'person') AND v.kind <> 'erasure.made'
                     AND v.stream = ANY (retention.streams(x.class, x.subject_id))) THEN
        RAISE EXCEPTION 'removal of the payload of event % is refused: nothing of it is due', OLD.event_id USING ERRCODE = 'LR003';
    END IF;
    RETURN OLD;
END $guard$;

-- Who was erased does not come back: they are invited as somebody new. The person's
-- row is locked by both steps, so that one waits for the other.
CREATE FUNCTION check_person_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'erasure' THEN
        IF NEW.class = 'person' THEN
            PERFORM 1 FROM person p WHERE p.id = NEW.subject_id FOR UPDATE;
            IF retention.due('person', NEW.subject_id) IS DISTINCT FROM NEW.due_at THEN
                RAISE EXCEPTION 'erasure %: person % is not due', NEW.id, NEW.subject_id;
            END IF;
        END IF;
    ELSIF EXISTS (SELECT 1 FROM erasure e WHERE e.class = 'person' AND e.subject_id = NEW.id) THEN
        RAISE EXCEPTION 'person %: what was erased is not changed any more', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_erased BEFORE UPDATE ON person FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_person_erased();
ALTER TABLE person ENABLE ALWAYS TRIGGER check_erased;
CREATE TRIGGER check_person BEFORE INSERT ON erasure FOR EACH ROW EXECUTE FUNCTION check_person_erased();
ALTER TABLE erasure ENABLE ALWAYS TRIGGER check_person;

REVOKE ALL ON FUNCTION retention.due_person(uuid, integer), check_person_erased() FROM PUBLIC;

RESET ROLE;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    RAISE EXCEPTION 'the audit log is never taken down' USING HINT = 'To begin anew, begin with a new database.';
END $$;
-- +goose StatementEnd
