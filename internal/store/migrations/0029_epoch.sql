-- A log that has lost entries goes on in a new epoch once a counsel and an
-- auditor have acknowledged the loss, each with their passkey and a reason. What
-- is lost is told by checkpoints outside the database, which the sequencer
-- compares; what the database can know of it, it demands here.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- One person's word on a loss. The statement names what is there and the signed
-- checkpoints that it does not continue.
CREATE TABLE loss_word (
    id          uuid PRIMARY KEY,
    loss_sha256 text NOT NULL CHECK (loss_sha256 = encode(sha256(convert_to(statement, 'UTF8')), 'hex')),
    statement   text NOT NULL CHECK (statement LIKE 'lerd lost log v1' || E'\n%'),
    epoch       bigint NOT NULL CHECK (epoch >= 2),
    role        text NOT NULL CHECK (role IN ('counsel', 'auditor')),
    person_id   uuid NOT NULL REFERENCES person,
    reason      text NOT NULL CHECK (btrim(reason) <> ''),
    at          timestamptz NOT NULL,
    event_id    uuid NOT NULL,
    UNIQUE (loss_sha256, role),
    UNIQUE (loss_sha256, person_id)
);

-- An epoch that two words begin. Its event is the first entry of the log after
-- the loss.
CREATE TABLE log_epoch (
    epoch        bigint PRIMARY KEY CHECK (epoch >= 2),
    origin       text NOT NULL UNIQUE CHECK (origin LIKE '%/' || epoch),
    loss_sha256  text NOT NULL UNIQUE,
    size         bigint NOT NULL CHECK (size >= 0),
    kept_size    bigint NOT NULL CHECK (kept_size >= 0),
    kept_root    text NOT NULL, -- base64, as in a checkpoint
    counsel_word uuid NOT NULL UNIQUE REFERENCES loss_word,
    auditor_word uuid NOT NULL UNIQUE REFERENCES loss_word,
    at           timestamptz NOT NULL,
    event_id     uuid NOT NULL UNIQUE
);

-- +goose StatementBegin
CREATE FUNCTION check_loss_word() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT is_role(NEW.person_id, NEW.role) THEN
        RAISE EXCEPTION 'word on a loss %: whose it is does not act as %', NEW.id, NEW.role;
    END IF;
    IF NEW.epoch <= coalesce((SELECT max(e.epoch) FROM log_epoch e WHERE e.loss_sha256 <> NEW.loss_sha256), 1) THEN
        RAISE EXCEPTION 'word on a loss %: epoch % has begun already', NEW.id, NEW.epoch;
    END IF;
    PERFORM check_step_up('word on a loss ' || NEW.id, NEW.person_id, 'lost_log', digest_of('lerd lost log v1', NEW.loss_sha256, NEW.role), NEW.event_id);
    RETURN NULL;
END $$;

-- Runs at commit, with both words written.
CREATE FUNCTION check_log_epoch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c loss_word;
    a loss_word;
BEGIN
    SELECT * INTO c FROM loss_word w WHERE w.id = NEW.counsel_word;
    SELECT * INTO a FROM loss_word w WHERE w.id = NEW.auditor_word;
    IF c.role IS DISTINCT FROM 'counsel' OR a.role IS DISTINCT FROM 'auditor' OR c.person_id = a.person_id
       OR c.loss_sha256 <> NEW.loss_sha256 OR a.loss_sha256 <> NEW.loss_sha256 OR c.epoch <> NEW.epoch OR a.epoch <> NEW.epoch THEN
        RAISE EXCEPTION 'epoch %: a counsel and an auditor acknowledge its loss', NEW.epoch;
    END IF;
    IF NEW.epoch <= coalesce((SELECT max(e.epoch) FROM log_epoch e WHERE e.epoch <> NEW.epoch), 1) THEN
        RAISE EXCEPTION 'epoch %: a later one has begun', NEW.epoch;
    END IF;
    IF NEW.size <> coalesce((SELECT max(l.index) + 1 FROM audit.leaf l), 0) THEN
        RAISE EXCEPTION 'epoch %: the log has another size than was acknowledged', NEW.epoch;
    END IF;
    IF strpos(c.statement, E'\n' || NEW.kept_size || E'\n' || NEW.kept_root || E'\n') = 0 OR strpos(c.statement, ' under ' || NEW.origin || ' ') = 0
       OR NEW.kept_size <= NEW.size AND EXISTS (SELECT 1 FROM audit.checkpoint k
            WHERE k.size = NEW.kept_size AND encode(k.root, 'base64') = NEW.kept_root AND strpos(convert_from(k.note, 'UTF8'), E'\n') > 0
              AND strpos(c.statement, E'\n' || split_part(convert_from(k.note, 'UTF8'), E'\n\n', 1) || E'\n\n') > 0) THEN
        RAISE EXCEPTION 'epoch %: nothing is lost', NEW.epoch;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM audit.event e WHERE e.id = NEW.event_id AND e.kind = 'log.epoch_begun') THEN
        RAISE EXCEPTION 'epoch %: its event begins no epoch', NEW.epoch;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON loss_word FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON log_epoch FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER step_up AFTER INSERT ON loss_word DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_loss_word();
CREATE CONSTRAINT TRIGGER two_words AFTER INSERT ON log_epoch DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT retention.erasing()) EXECUTE FUNCTION check_log_epoch();
ALTER TABLE loss_word ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE log_epoch ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE loss_word ENABLE ALWAYS TRIGGER step_up;
ALTER TABLE log_epoch ENABLE ALWAYS TRIGGER two_words;

SELECT audit.guard_table('public.loss_word');
SELECT audit.guard_table('public.log_epoch');
ALTER TABLE loss_word ENABLE ROW LEVEL SECURITY;
ALTER TABLE log_epoch ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_to_auditor ON loss_word FOR SELECT TO lerd_auditor USING (true);
CREATE POLICY all_to_auditor ON log_epoch FOR SELECT TO lerd_auditor USING (true);
CREATE POLICY of_two ON loss_word TO lerd_app USING (lerd_scope() IN ('counsel', 'auditor', 'system')) WITH CHECK (lerd_scope() = role);
-- When an epoch began stands in the public log.
CREATE POLICY to_all ON log_epoch FOR SELECT TO lerd_app USING (true);
CREATE POLICY of_two ON log_epoch FOR INSERT TO lerd_app WITH CHECK (lerd_scope() IN ('counsel', 'auditor'));
GRANT SELECT, INSERT ON loss_word, log_epoch TO lerd_app;
GRANT SELECT ON loss_word, log_epoch TO lerd_auditor;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
