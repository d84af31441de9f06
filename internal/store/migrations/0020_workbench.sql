-- +goose Up

SET LOCAL ROLE lerd_owner;

-- What the reviewer's pages look for, so that they take as long with a million
-- requests as with none: the cases that wait, in the order of the queue; who
-- holds what; the newest of an agency, of a person, of all; the same paper; and
-- what was decided before under the same law, by the same issuer.
CREATE INDEX request_waits ON request (emergency DESC, effect_by, received_at, id)
    WHERE state IN ('submitted', 'in_review', 'needs_information', 'legal_conflict');
CREATE INDEX request_held ON request (reviewer_id) WHERE state IN ('in_review', 'needs_information');
CREATE INDEX request_newest ON request (received_at DESC, id);
CREATE INDEX request_officer ON request (officer_id, received_at DESC);
CREATE INDEX request_number ON request (agency_id, order_number);
CREATE INDEX request_document ON request (document_id);
CREATE INDEX document_sha256 ON document (sha256);
CREATE INDEX recall_agency ON recall (agency_id);
CREATE INDEX containment_agency ON containment (agency_id);
CREATE INDEX document_print_newest ON document_print (at DESC) WHERE picture <> '';
CREATE INDEX request_by_law ON request (process_id, closed_at DESC) WHERE closed_at IS NOT NULL;
CREATE INDEX request_by_statute ON request (lower(legal_basis), closed_at DESC) WHERE closed_at IS NOT NULL;
CREATE INDEX request_by_court ON request (lower(issuer_name), closed_at DESC) WHERE closed_at IS NOT NULL;
CREATE INDEX request_by_agency ON request (agency_id, closed_at DESC) WHERE closed_at IS NOT NULL;

-- A reviewer may leave a case for the next one, with a reason: it comes back to
-- them after a while, and others see that it was left. It holds nothing up: every
-- other reviewer can take the case at once.
CREATE TABLE case_skip (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    person_id  uuid NOT NULL REFERENCES person,
    reason     text NOT NULL CHECK (reason IN ('language', 'experience', 'too_long', 'known_person', 'other')),
    note       text NOT NULL CHECK (reason <> 'other' OR note <> ''),
    at         timestamptz NOT NULL,
    until_at   timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    CHECK (at < until_at),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);
CREATE INDEX case_skip_person ON case_skip (person_id, until_at);
CREATE INDEX case_skip_request ON case_skip (request_id, at);
CREATE INDEX case_skip_at ON case_skip (at DESC);

-- The texts for questions that come again and again, by name, language and
-- version; the last version counts. One that is withdrawn stays readable.
CREATE TABLE saved_reply (
    id        uuid PRIMARY KEY,
    name      text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{1,39}$'),
    language  text NOT NULL CHECK (language IN ('ar', 'de', 'en', 'es', 'fr', 'hi', 'pt')),
    version   integer NOT NULL CHECK (version > 0),
    title     text NOT NULL CHECK (title <> ''),
    body      text NOT NULL CHECK (body <> ''),
    withdrawn boolean NOT NULL,
    person_id uuid NOT NULL REFERENCES person,
    at        timestamptz NOT NULL,
    event_id  uuid NOT NULL,
    UNIQUE (name, language, version)
);

-- A lead reviewer is a reviewer who is a supervisor: they manage the saved replies
-- and see what was left.
ALTER TABLE person DROP CONSTRAINT person_supervisor;
ALTER TABLE person ADD CONSTRAINT person_supervisor CHECK (NOT supervisor OR role IN ('officer', 'reviewer'));

-- +goose StatementBegin
-- Only a reviewer leaves a case, and only for themselves; only a lead writes texts,
-- each the next version of its name and language.
CREATE FUNCTION check_skip() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.role = 'reviewer' AND p.active) THEN
        RAISE EXCEPTION 'skip %: a reviewer leaves a case, and nobody else', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.state = 'submitted') THEN
        RAISE EXCEPTION 'skip %: what nobody holds can be left, and nothing else', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_saved_reply() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.person_id AND p.role = 'reviewer' AND p.supervisor AND p.active) THEN
        RAISE EXCEPTION 'saved reply %: a lead reviewer writes it, and nobody else', NEW.id;
    END IF;
    IF NEW.version <> 1 + coalesce((SELECT max(r.version) FROM saved_reply r WHERE r.name = NEW.name AND r.language = NEW.language), 0) THEN
        RAISE EXCEPTION 'saved reply %: version % does not follow', NEW.id, NEW.version;
    END IF;
    RETURN NEW;
END $$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['case_skip', 'saved_reply'] LOOP
        EXECUTE format('CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER written_once', t);
        PERFORM audit.guard_table(format('public.%I', t)::regclass);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY of_reviewers ON %I TO lerd_app USING (lerd_scope() IN (''reviewer'', ''counsel'', ''auditor'', ''system'')) WITH CHECK (lerd_scope() = ''reviewer'')', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
        EXECUTE format('GRANT SELECT ON %I TO lerd_app, lerd_auditor', t);
        EXECUTE format('GRANT INSERT ON %I TO lerd_app', t);
    END LOOP;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_skip BEFORE INSERT ON case_skip FOR EACH ROW EXECUTE FUNCTION check_skip();
ALTER TABLE case_skip ENABLE ALWAYS TRIGGER check_skip;
CREATE TRIGGER check_saved_reply BEFORE INSERT ON saved_reply FOR EACH ROW EXECUTE FUNCTION check_saved_reply();
ALTER TABLE saved_reply ENABLE ALWAYS TRIGGER check_saved_reply;

-- A question with an open placeholder does not reach the agency.
ALTER TABLE message ADD CONSTRAINT message_filled CHECK (kind <> 'question' OR body !~ '(###|\[\[|\]\])') NOT VALID;
-- An answer is pinned to a page, a line of it, or a part of it in thousandths.
ALTER TABLE check_answer ADD CONSTRAINT check_answer_place
    CHECK (place ~ '^(|p[1-9][0-9]{0,3}(l[1-9][0-9]{0,3}|@[0-9]{1,4},[0-9]{1,4},[0-9]{1,4},[0-9]{1,4})?)$') NOT VALID;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
