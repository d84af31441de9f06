-- What the text of an order shows of the periods that the form states: a wrong one
-- discloses data of days that nobody ordered. And requests by how they ended, as
-- their tally counts it.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- JSON: of each period the targets, its days, and found, ambiguous, wider, other or
-- missing, with the words, page and line. NULL: compared before periods were.
ALTER TABLE order_comparison ADD COLUMN periods text CHECK (periods <> '');
INSERT INTO retention.field VALUES ('case', 'order_comparison', 'periods', '''[]''');

-- +goose StatementBegin
-- Runs at commit: what was typed was compared with the order's text. Where the order
-- says something else about what is still asked, a person has said since then that
-- it is right all the same (check VC-09); where its text does not show a period that
-- is still asked, they have said where in the document it stands. Nothing is compared
-- anew.
CREATE OR REPLACE FUNCTION check_compared() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c order_comparison;
    said check_answer;
BEGIN
    IF OLD.state = NEW.state OR NEW.state NOT IN ('qualified', 'preserved') THEN
        RETURN NULL;
    END IF;
    SELECT * INTO c FROM order_comparison x WHERE x.request_id = NEW.id;
    IF NOT FOUND OR c.document_id IS DISTINCT FROM NEW.document_id THEN
        RAISE EXCEPTION 'request %: what was typed was not compared with its order', NEW.id;
    END IF;
    SELECT * INTO said FROM check_answer a WHERE a.request_id = NEW.id AND a.check_id = 'VC-09' AND NOT a.automatic AND a.at >= c.at
    ORDER BY a.at DESC, a.id DESC LIMIT 1;
    IF EXISTS (SELECT 1 FROM jsonb_array_elements(c.found::jsonb) d
               WHERE NOT EXISTS (SELECT 1 FROM target t WHERE t.request_id = NEW.id AND 't' || t.ordinal = d ->> 'field' AND NOT t.want_phone AND NOT t.want_ip))
       AND coalesce(said.result, '') <> 'pass' THEN
        RAISE EXCEPTION 'request %: its order says something else than was typed, and nobody has decided on it', NEW.id;
    END IF;
    IF EXISTS (SELECT 1 FROM target t WHERE t.request_id = NEW.id AND (t.want_phone OR t.want_ip) AND NOT EXISTS (
               SELECT 1 FROM jsonb_array_elements(coalesce(c.periods, '[]')::jsonb) p WHERE p ->> 'shown' = 'found' AND p -> 'refs' ? ('t' || t.ordinal)))
       AND (coalesce(said.result, '') <> 'pass' OR coalesce(said.place, '') = '') THEN
        RAISE EXCEPTION 'request %: the text of its order does not show a period that is asked, and nobody has said where it stands', NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- As before, but that a request ends as it is told of: one whose bundle was called back
-- and whose agency has said that its copies are gone counts as called back.
CREATE OR REPLACE FUNCTION answered_as(statute text, court text, process text, agency text, ended text, most integer) RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    back CONSTANT text := $q$ q.id = ANY (ARRAY(SELECT l.request_id FROM release l WHERE l.state = 'recalled'))
        AND (q.state = 'recalled' OR NOT EXISTS (SELECT 1 FROM release l WHERE l.request_id = q.id AND l.state = 'exported'))$q$;
BEGIN
    RETURN QUERY EXECUTE $q$SELECT q.id FROM request q WHERE q.closed_at IS NOT NULL AND q.state <> 'redrafted'$q$
        || CASE WHEN statute <> '' THEN ' AND lower(q.legal_basis) = lower($1)' ELSE '' END
        || CASE WHEN court <> '' THEN ' AND lower(q.issuer_name) = lower($2)' ELSE '' END
        || CASE WHEN process <> '' THEN ' AND q.process_id = $3' ELSE '' END
        || CASE WHEN agency <> '' THEN ' AND q.agency_id = $4::uuid' ELSE '' END
        || CASE ended WHEN '' THEN ''
                WHEN 'recalled' THEN $q$ AND q.state IN ('recalled', 'closed') AND $q$ || back
                WHEN 'closed' THEN ' AND q.state = $5 AND NOT (' || back || ')'
                ELSE ' AND q.state = $5' END
        || ' ORDER BY q.closed_at DESC LIMIT $6' USING statute, court, process, agency, ended, most;
END $$;
-- +goose StatementEnd

-- The bundles that were called back, of which there are few.
CREATE INDEX release_recalled ON release (request_id) WHERE state = 'recalled';

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
