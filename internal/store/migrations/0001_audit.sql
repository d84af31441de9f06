-- The audit log. An event is written in the transaction of the step that it
-- records; the sequencer gives it its place (leaf), adds the tree over all
-- places (tile) and publishes its signed checkpoint. Everything here is only ever added to.
--
-- What the database itself holds, whoever writes:
--   * no row of this schema is changed or removed, not even by the owner, nor
--     under session_replication_role = replica (hence ENABLE ALWAYS);
--   * an event follows its predecessor in its stream and relies only on events
--     that are there; leaves are dense, hash to their event's entry, and come
--     after everything that their event relies on;
--   * a guarded business table commits no row that does not name an event of
--     the very same transaction.
-- Who owns the tables can switch triggers off. That is why signed checkpoints
-- are also kept outside the database, and why `lerd audit verify` reads the
-- guards themselves and recomputes everything.

-- +goose Up

-- +goose StatementBegin
DO $roles$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['lerd_owner', 'lerd_app', 'lerd_auditor'] LOOP
        CONTINUE WHEN EXISTS (SELECT 1 FROM pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE format('CREATE ROLE %I LOGIN', wanted);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was quicker
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'the role % is missing and % may not create it', wanted, current_user
                    USING HINT = 'As a superuser run: CREATE ROLE lerd_owner LOGIN; CREATE ROLE lerd_app LOGIN; CREATE ROLE lerd_auditor LOGIN; and migrate again.';
        END;
    END LOOP;
    IF NOT pg_has_role(current_user, 'lerd_owner', 'MEMBER') THEN
        BEGIN
            EXECUTE format('GRANT lerd_owner TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'migrations run as lerd_owner, and % is not a member of that role', current_user
                USING HINT = 'Migrate with a connection of lerd_owner, or of a role that was granted lerd_owner.';
        END;
    END IF;
END $roles$;
-- +goose StatementEnd

CREATE SCHEMA audit AUTHORIZATION lerd_owner;
SET LOCAL ROLE lerd_owner;

-- One step, as it was recorded. entry is what is hashed into the tree; the
-- other columns repeat parts of it for look-ups, and verify compares them.
CREATE TABLE audit.event (
    id          uuid        PRIMARY KEY,
    xid         xid8        NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stream      text        NOT NULL,
    version     bigint      NOT NULL CHECK (version >= 1),
    causes      uuid[]      NOT NULL,
    kind        text        NOT NULL,
    entry       bytea       NOT NULL CHECK (octet_length(entry) BETWEEN 1 AND 65535),
    UNIQUE (stream, version)
);
CREATE INDEX event_xid ON audit.event (xid);

-- What opens the event's commitments: the salt and the values. It lies apart so
-- that it can be erased. One statement writes both, and verify finds the one
-- without the other; a foreign key would lock the event's row at every step.
CREATE TABLE audit.payload (
    event_id uuid  PRIMARY KEY,
    body     bytea NOT NULL
);

-- The place of an event in the log, and its leaf hash as it was signed: the
-- tree grows from these hashes, so that an edited event can only ever disagree
-- with the log and never be signed into it.
CREATE TABLE audit.leaf (
    index    bigint PRIMARY KEY CHECK (index >= 0),
    event_id uuid   NOT NULL UNIQUE,
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32)
);

-- Full tiles only. A partial tile is the beginning of a row of hashes that are
-- here already: of leaf.hash at level 0, of tile.root one level down elsewhere.
-- Storing each one anew would cost some 4 kB for every small checkpoint.
CREATE TABLE audit.tile (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index bigint   NOT NULL CHECK (index >= 0),
    data  bytea    NOT NULL CHECK (octet_length(data) = 8192),
    root  bytea    NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (level, index)
);

-- The published checkpoints. One is written here only after the keeper outside
-- the database holds it.
CREATE TABLE audit.checkpoint (
    size bigint      PRIMARY KEY CHECK (size >= 0),
    root bytea       NOT NULL CHECK (octet_length(root) = 32),
    note bytea       NOT NULL,
    at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The business tables under guard, so that a lost guard is noticed.
CREATE TABLE audit.guarded (
    name text        PRIMARY KEY,
    at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- +goose StatementBegin
CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
    RAISE EXCEPTION '% of %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'LR003', HINT = 'Record what happened as a new event.';
END $guard$;
-- +goose StatementEnd

-- Whoever may create no operator or function anywhere cannot put a stand-in for
-- a built-in one into the way of the guards; their search_path is fixed as well.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- +goose StatementBegin
-- An event comes after its predecessor in its stream and after its causes.
CREATE FUNCTION audit.check_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
DECLARE
    cause uuid;
BEGIN
    IF NEW.xid <> pg_current_xact_id() THEN
        RAISE EXCEPTION 'the transaction of event % is not its own', NEW.id USING ERRCODE = 'LR001';
    END IF;
    IF NEW.version > 1 AND NOT EXISTS (SELECT 1 FROM audit.event p WHERE p.stream = NEW.stream AND p.version = NEW.version - 1) THEN
        RAISE EXCEPTION 'event % skips a version of its stream: % is there without %', NEW.id, NEW.version, NEW.version - 1
            USING ERRCODE = 'LR001';
    END IF;
    FOREACH cause IN ARRAY NEW.causes LOOP
        IF NOT EXISTS (SELECT 1 FROM audit.event c WHERE c.id = cause) THEN
            RAISE EXCEPTION 'event % relies on event %, which is not there', NEW.id, cause USING ERRCODE = 'LR002';
        END IF;
    END LOOP;
    RETURN NEW;
END $guard$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Leaves are dense, hash to their event, and follow what it relies on. They are
-- looked up by index alone: the planner does not know how few are new, and would
-- rather read the whole log.
CREATE FUNCTION audit.check_leaves() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $guard$
DECLARE
    n     bigint;
    first bigint;
    last  bigint;
BEGIN
    SELECT count(*), min(f.index), max(f.index) INTO n, first, last FROM fresh f;
    IF n = 0 THEN
        RETURN NULL;
    END IF;
    IF last - first + 1 <> n OR first <> coalesce((SELECT max(l.index) + 1 FROM audit.leaf l WHERE l.index < first), 0) THEN
        RAISE EXCEPTION 'leaves % to % leave a gap', first, last USING ERRCODE = 'LR004';
    END IF;
    IF n <> (SELECT count(*) FROM fresh f JOIN audit.event e ON e.id = f.event_id
             WHERE f.hash = sha256('\x00'::bytea || e.entry)) THEN
        RAISE EXCEPTION 'a leaf from % to % is not the hash of its event', first, last USING ERRCODE = 'LR004';
    END IF;
    IF EXISTS (SELECT 1 FROM fresh f JOIN audit.event e ON e.id = f.event_id
               WHERE (e.version > 1 AND NOT EXISTS (
                         SELECT 1 FROM audit.event p JOIN audit.leaf l ON l.event_id = p.id
                         WHERE p.stream = e.stream AND p.version = e.version - 1 AND l.index < f.index))
                  OR EXISTS (
                         SELECT 1 FROM unnest(e.causes) c
                         WHERE NOT EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = c AND l.index < f.index))) THEN
        RAISE EXCEPTION 'a leaf from % to % comes before what its event relies on', first, last USING ERRCODE = 'LR004';
    END IF;
    RETURN NULL;
END $guard$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A checkpoint is over all leaves that are there, neither more nor fewer.
CREATE FUNCTION audit.check_checkpoint() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $guard$
BEGIN
    IF NEW.size <> coalesce((SELECT max(l.index) + 1 FROM audit.leaf l), 0) THEN
        RAISE EXCEPTION 'a checkpoint of size % is not over all leaves', NEW.size USING ERRCODE = 'LR004';
    END IF;
    RETURN NEW;
END $guard$;
-- +goose StatementEnd

-- +goose StatementBegin
-- Runs at commit for every row of a guarded table: the row names an event of
-- this transaction, and that event knows of the one that wrote the row before.
CREATE FUNCTION audit.require_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
DECLARE
    relies boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT true INTO relies FROM audit.event e WHERE e.id = NEW.event_id AND e.xid = pg_current_xact_id();
    ELSE
        -- The stream is compared in the select list, so that the old event is
        -- looked up by its id and not among all events of the stream.
        SELECT OLD.event_id = NEW.event_id OR OLD.event_id = ANY (e.causes) OR coalesce((
                   SELECT o.stream = e.stream AND o.version < e.version FROM audit.event o WHERE o.id = OLD.event_id), false)
        INTO relies FROM audit.event e WHERE e.id = NEW.event_id AND e.xid = pg_current_xact_id();
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

-- +goose StatementBegin
-- guard_table puts a business table under guard: each row that is written
-- names the event of its transaction (event_id uuid NOT NULL), and no row is
-- ever removed.
CREATE FUNCTION audit.guard_table(target regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = target AND a.attname = 'event_id'
                   AND a.atttypid = 'uuid'::regtype AND a.attnotnull AND NOT a.attisdropped) THEN
        RAISE EXCEPTION '% needs a column event_id uuid NOT NULL', target;
    END IF;
    EXECUTE format('CREATE CONSTRAINT TRIGGER audit_event AFTER INSERT OR UPDATE ON %s DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit.require_event()', target);
    EXECUTE format('CREATE TRIGGER audit_no_removal BEFORE DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_event', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_no_removal', target);
    INSERT INTO audit.guarded (name)
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target;
END $guard$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $install$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['event', 'payload', 'leaf', 'tile', 'checkpoint', 'guarded'] LOOP
        EXECUTE format('CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', t);
        EXECUTE format('ALTER TABLE audit.%I ENABLE ALWAYS TRIGGER audit_append_only', t);
    END LOOP;
END $install$;
-- +goose StatementEnd

CREATE TRIGGER audit_check BEFORE INSERT ON audit.event FOR EACH ROW EXECUTE FUNCTION audit.check_event();
CREATE TRIGGER audit_check AFTER INSERT ON audit.leaf REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit.check_leaves();
CREATE TRIGGER audit_check BEFORE INSERT ON audit.checkpoint FOR EACH ROW EXECUTE FUNCTION audit.check_checkpoint();
ALTER TABLE audit.event ENABLE ALWAYS TRIGGER audit_check;
ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER audit_check;
ALTER TABLE audit.checkpoint ENABLE ALWAYS TRIGGER audit_check;

-- Per column: whoever may insert into the whole table may also choose its
-- transaction id and its time.
REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO lerd_app, lerd_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO lerd_app, lerd_auditor;
GRANT INSERT (id, stream, version, causes, kind, entry) ON audit.event TO lerd_app;
GRANT INSERT (event_id, body) ON audit.payload TO lerd_app;
GRANT INSERT (index, event_id, hash) ON audit.leaf TO lerd_app;
GRANT INSERT (level, index, data, root) ON audit.tile TO lerd_app;
GRANT INSERT (size, root, note) ON audit.checkpoint TO lerd_app;

RESET ROLE;

-- +goose Down
-- +goose StatementBegin
DO $$
BEGIN
    RAISE EXCEPTION 'the audit log is never taken down' USING HINT = 'To begin anew, begin with a new database.';
END $$;
-- +goose StatementEnd
