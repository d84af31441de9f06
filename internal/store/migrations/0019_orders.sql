-- Order documents: what was found out about each before anybody saw it, and the
-- register of documents that are known to be forged.
--
-- What the database itself holds, whoever writes:
--   * an examination is written once, for the document and agency that it names;
--   * a document that was found harmful commits only with the hold of its case.

-- +goose Up

SET LOCAL ROLE lerd_owner;

CREATE TABLE document_examination (
    id         uuid PRIMARY KEY REFERENCES document,
    agency_id  uuid NOT NULL,
    scan       text NOT NULL CHECK (scan IN ('none', 'clean', 'found')),
    engine     text NOT NULL CHECK (engine IN ('', 'clamd', 'icap')),
    malware    text NOT NULL CHECK (length(malware) <= 100),
    signing    text NOT NULL CHECK (signing IN ('', 'verified', 'unverifiable', 'failed')),
    signatures text NOT NULL, -- JSON: what was found out about each
    anchors    integer NOT NULL CHECK (anchors >= 0),
    revisions  integer NOT NULL CHECK (revisions >= 0),
    pictures   text NOT NULL CHECK (pictures ~ '^([0-9a-f]{64}( [0-9a-f]{64})*)?$'), -- light and dark of each page
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    FOREIGN KEY (id, agency_id) REFERENCES document (id, agency_id),
    CHECK ((scan = 'none') = (engine = '')),
    CHECK (scan = 'found' OR malware = ''),
    CHECK (signing <> 'verified' OR anchors > 0)
);

-- A document that is known to be forged: marks of its text and pages, from which
-- no word can be read. It stays until somebody takes it off the register.
CREATE TABLE known_forgery (
    id          uuid PRIMARY KEY,
    document_id uuid NOT NULL REFERENCES document,
    agency_id   uuid NOT NULL,
    request_id  uuid NOT NULL,
    why         text NOT NULL CHECK (why IN ('issuer_denied', 'template', 'told_by_others')),
    mark        text NOT NULL,
    bands       text NOT NULL,
    pictures    text NOT NULL CHECK (pictures ~ '^([0-9a-f]{64}( [0-9a-f]{64})*)?$'),
    added_by    uuid NOT NULL REFERENCES person,
    added_at    timestamptz NOT NULL,
    removed_by  uuid REFERENCES person,
    removed_at  timestamptz,
    version     bigint NOT NULL CHECK (version > 0),
    event_id    uuid NOT NULL,
    FOREIGN KEY (document_id, agency_id) REFERENCES document (id, agency_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK (mark <> '' OR pictures <> ''),
    CHECK ((removed_by IS NULL) = (removed_at IS NULL))
);
CREATE UNIQUE INDEX known_forgery_one ON known_forgery (document_id) WHERE removed_at IS NULL;
CREATE INDEX known_forgery_bands ON known_forgery USING gin (string_to_array(bands, ' ')) WHERE removed_at IS NULL;

ALTER TABLE case_hold DROP CONSTRAINT case_hold_because_check;
ALTER TABLE case_hold ADD CONSTRAINT case_hold_because_check CHECK (because IN ('echo_denied', 'call_back_denied', 'disowned', 'malware'));
ALTER TABLE fraud_case DROP CONSTRAINT fraud_case_source_check;
ALTER TABLE fraud_case ADD CONSTRAINT fraud_case_source_check CHECK (source IN ('echo', 'call_back', 'disowned', 'containment', 'vetting', 'document'));

-- +goose StatementBegin
CREATE FUNCTION check_harmful() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM request WHERE document_id = NEW.id)
       AND NOT EXISTS (SELECT 1 FROM case_hold WHERE because = 'malware' AND source_id = NEW.id) THEN
        RAISE EXCEPTION 'document %: harmful, and its case is not held', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_forgery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['removed_by', 'removed_at', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.version <> 1 OR NEW.removed_at IS NOT NULL THEN
            RAISE EXCEPTION 'forgery %: it is entered before it is taken off', NEW.id;
        END IF;
    ELSIF OLD.removed_at IS NOT NULL OR NEW.removed_at IS NULL OR NEW.version <> OLD.version + 1
       OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'forgery %: what was entered does not change', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE CONSTRAINT TRIGGER check_harmful AFTER INSERT ON document_examination DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.scan = 'found') EXECUTE FUNCTION check_harmful();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON document_examination FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON known_forgery FOR EACH ROW EXECUTE FUNCTION check_forgery();
ALTER TABLE document_examination ENABLE ALWAYS TRIGGER check_harmful;
ALTER TABLE document_examination ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE known_forgery ENABLE ALWAYS TRIGGER check_step;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['document_examination', 'known_forgery'] LOOP
        PERFORM audit.guard_table(('public.' || t)::regclass);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
END $$;
-- +goose StatementEnd
CREATE POLICY staff_of_cases ON document_examination TO lerd_app
    USING (lerd_scope() IN ('reviewer', 'counsel', 'approver', 'auditor', 'registrar', 'administrator', 'system')) WITH CHECK (lerd_scope() = 'system');
CREATE POLICY stoppers ON known_forgery TO lerd_app
    USING (lerd_scope() IN ('reviewer', 'counsel', 'auditor', 'registrar', 'system')) WITH CHECK (lerd_scope() IN ('reviewer', 'counsel', 'registrar'));
CREATE INDEX document_unexamined ON document (at);

GRANT SELECT, INSERT ON document_examination, known_forgery TO lerd_app;
GRANT UPDATE (removed_by, removed_at, version, event_id) ON known_forgery TO lerd_app;
GRANT SELECT ON document_examination, known_forgery TO lerd_auditor;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
