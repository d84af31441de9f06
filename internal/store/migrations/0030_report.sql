-- The guards of every step, leaner: they cost more than anything else that the
-- log adds to one. What they refuse is what they refused before.
--
--   * They name every operator, function and type by its schema instead of setting a
--     search_path of their own: switching it there and back at each call made every
--     prepared statement of the session look its names up again. Nobody's search_path
--     changes what a qualified name means.
--   * An event that begins a stream asks for no predecessor, and one without causes
--     for none of them.
--   * Leaves are compared with their events in one walk instead of two.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit.check_event() RETURNS trigger LANGUAGE plpgsql AS $guard$
DECLARE
    cause pg_catalog.uuid;
BEGIN
    IF NEW.xid OPERATOR(pg_catalog.<>) pg_catalog.pg_current_xact_id() THEN
        RAISE EXCEPTION 'the transaction of event % is not its own', NEW.id USING ERRCODE = 'LR001';
    END IF;
    IF NEW.version OPERATOR(pg_catalog.>) 1 THEN
        PERFORM FROM audit.event p WHERE p.stream OPERATOR(pg_catalog.=) NEW.stream AND p.version OPERATOR(pg_catalog.=) (NEW.version OPERATOR(pg_catalog.-) 1);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'event % skips a version of its stream: % is there without %', NEW.id, NEW.version, NEW.version OPERATOR(pg_catalog.-) 1
                USING ERRCODE = 'LR001';
        END IF;
    END IF;
    FOREACH cause IN ARRAY NEW.causes LOOP
        PERFORM FROM audit.event c WHERE c.id OPERATOR(pg_catalog.=) cause;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'event % relies on event %, which is not there', NEW.id, cause USING ERRCODE = 'LR002';
        END IF;
    END LOOP;
    RETURN NEW;
END $guard$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION audit.require_event() RETURNS trigger LANGUAGE plpgsql AS $guard$
DECLARE
    relies pg_catalog.bool;
BEGIN
    IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
        SELECT true INTO relies FROM audit.event e
        WHERE e.id OPERATOR(pg_catalog.=) NEW.event_id AND e.xid OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
    ELSE
        -- The stream is compared in the select list, so that the old event is
        -- looked up by its id and not among all events of the stream.
        SELECT OLD.event_id OPERATOR(pg_catalog.=) NEW.event_id OR OLD.event_id OPERATOR(pg_catalog.=) ANY (e.causes) OR coalesce((
                   SELECT o.stream OPERATOR(pg_catalog.=) e.stream AND o.version OPERATOR(pg_catalog.<) e.version
                   FROM audit.event o WHERE o.id OPERATOR(pg_catalog.=) OLD.event_id), false)
        INTO relies FROM audit.event e
        WHERE e.id OPERATOR(pg_catalog.=) NEW.event_id AND e.xid OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
    END IF;
    IF relies THEN
        RETURN NULL;
    END IF;
    IF relies IS NULL THEN
        RAISE EXCEPTION 'a row of %.% names no audit event of its own transaction', TG_TABLE_SCHEMA, TG_TABLE_NAME
            USING ERRCODE = 'LR005', HINT = 'Append the event of the step in the same transaction, and set event_id.';
    END IF;
    RAISE EXCEPTION 'event % changes a row of %.% and does not rely on event %, which wrote it before',
            NEW.event_id, TG_TABLE_SCHEMA, TG_TABLE_NAME, OLD.event_id
        USING ERRCODE = 'LR006', HINT = 'Name the event that wrote the row before among the causes.';
END $guard$;
-- +goose StatementEnd

-- CREATE OR REPLACE keeps nothing of a function's settings, so that none is left.

-- +goose StatementBegin
-- Leaves are dense, hash to their event, and follow what it relies on. They are
-- looked up by index alone: the planner does not know how few are new, and would
-- rather read the whole log.
CREATE OR REPLACE FUNCTION audit.check_leaves() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $guard$
DECLARE
    n     bigint;
    first bigint;
    last  bigint;
    same  bigint;
    early bigint;
BEGIN
    SELECT count(*), min(f.index), max(f.index) INTO n, first, last FROM fresh f;
    IF n = 0 THEN
        RETURN NULL;
    END IF;
    IF last - first + 1 <> n OR first <> coalesce((SELECT max(l.index) + 1 FROM audit.leaf l WHERE l.index < first), 0) THEN
        RAISE EXCEPTION 'leaves % to % leave a gap', first, last USING ERRCODE = 'LR004';
    END IF;
    SELECT count(*) FILTER (WHERE f.hash = sha256('\x00'::bytea || e.entry)),
           count(*) FILTER (WHERE (e.version > 1 AND NOT EXISTS (
                         SELECT 1 FROM audit.event p JOIN audit.leaf l ON l.event_id = p.id
                         WHERE p.stream = e.stream AND p.version = e.version - 1 AND l.index < f.index))
                  OR (cardinality(e.causes) > 0 AND EXISTS (
                         SELECT 1 FROM unnest(e.causes) c
                         WHERE NOT EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = c AND l.index < f.index))))
    INTO same, early FROM fresh f JOIN audit.event e ON e.id = f.event_id;
    IF same <> n THEN
        RAISE EXCEPTION 'a leaf from % to % is not the hash of its event', first, last USING ERRCODE = 'LR004';
    END IF;
    IF early > 0 THEN
        RAISE EXCEPTION 'a leaf from % to % comes before what its event relies on', first, last USING ERRCODE = 'LR004';
    END IF;
    RETURN NULL;
END $guard$;
-- +goose StatementEnd

RESET ROLE;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    RAISE EXCEPTION 'the audit log is never taken down' USING HINT = 'To begin anew, begin with a new database.';
END $$;
-- +goose StatementEnd
