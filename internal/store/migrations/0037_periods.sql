-- What the text of an order shows of the periods that the form states: a wrong one
-- discloses data of days that nobody ordered.

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

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
