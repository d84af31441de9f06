-- Cases that touch rights: counsel's review of them, a second person's word on
-- it, and the gate that stays shut without both. Taking somebody off counsel's
-- list needs two people. Who speaks about a finding does so with their passkey.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- The classes of offence that the policy calls sensitive; a class covers its
-- subclasses. A class that was published stays.
CREATE TABLE sensitive_class (
    offence_class text PRIMARY KEY CHECK (offence_class ~ '^[0-9]{2,6}$'),
    touches       text NOT NULL CHECK (touches IN ('speech', 'political', 'religious', 'press', 'asylum', 'protest')),
    event_id      uuid NOT NULL
);

CREATE TABLE rights_review (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    ordinal    integer NOT NULL CHECK (ordinal > 0), -- the last one counts
    because    text NOT NULL CHECK (because ~ '^[a-z_]+( [a-z_]+)*$'), -- class, mark, and flags of the policy
    state      text NOT NULL CHECK (state IN ('opened', 'answered', 'agreed', 'returned')),
    opened_by  uuid REFERENCES person, -- NULL: lerd itself
    opened_at  timestamptz NOT NULL,
    answer_id  uuid,
    decided_by uuid REFERENCES person,
    decided_at timestamptz,
    note       text NOT NULL, -- of who decided
    version    bigint NOT NULL CHECK (version > 0),
    event_id   uuid NOT NULL,
    UNIQUE (request_id, ordinal),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK ((state = 'opened') = (answer_id IS NULL)),
    CHECK ((state IN ('agreed', 'returned')) = (decided_by IS NOT NULL) AND (decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX rights_review_waits ON rights_review (opened_at) WHERE state <> 'agreed';

-- What counsel answered: the questions of the policy's version with the reasons
-- as canonical JSON. A review that was returned is answered anew.
CREATE TABLE rights_answer (
    id             uuid PRIMARY KEY,
    review_id      uuid NOT NULL REFERENCES rights_review,
    request_id     uuid NOT NULL,
    agency_id      uuid NOT NULL,
    round          integer NOT NULL CHECK (round > 0),
    content        text NOT NULL CHECK (content <> ''),
    content_sha256 text NOT NULL CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
    conclusion     text NOT NULL CHECK (conclusion IN ('proceed', 'narrow', 'refuse')),
    only_category  text NOT NULL CHECK (only_category IN ('', 'phone_number', 'ip_address')),
    made_by        uuid NOT NULL REFERENCES person,
    at             timestamptz NOT NULL,
    event_id       uuid NOT NULL,
    UNIQUE (review_id, round),
    UNIQUE (id, review_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK ((conclusion = 'narrow') = (only_category <> ''))
);
ALTER TABLE rights_review ADD FOREIGN KEY (answer_id, id) REFERENCES rights_answer (id, review_id) DEFERRABLE INITIALLY DEFERRED;

-- Somebody leaves counsel's list when one counsel proposes it with a reason and
-- another agrees.
CREATE TABLE mark_removal (
    id          uuid PRIMARY KEY,
    mark_id     uuid NOT NULL REFERENCES sensitive_mark,
    why         text NOT NULL CHECK (why <> ''),
    state       text NOT NULL CHECK (state IN ('proposed', 'agreed', 'declined')),
    proposed_by uuid NOT NULL REFERENCES person,
    proposed_at timestamptz NOT NULL,
    decided_by  uuid REFERENCES person,
    decided_at  timestamptz,
    version     bigint NOT NULL CHECK (version > 0),
    event_id    uuid NOT NULL,
    CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (state <> 'agreed' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX mark_removal_one ON mark_removal (mark_id) WHERE state IN ('proposed', 'agreed');

INSERT INTO retention.field VALUES
    ('case', 'rights_answer', 'content', '''erased'''),
    ('case', 'rights_answer', 'content_sha256', 'encode(sha256(''erased''::bytea), ''hex'')'),
    ('case', 'rights_review', 'note', '''''');

-- +goose StatementBegin
-- Why a case touches rights: its class of offence, or somebody of counsel's list
-- in its last statement of risk.
CREATE FUNCTION rights_reasons(request uuid) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN EXISTS (SELECT 1 FROM request q JOIN sensitive_class c ON starts_with(q.offence_class, c.offence_class) WHERE q.id = request) THEN 'class' END,
        CASE WHEN coalesce((SELECT strpos(s.factors, 'sensitive_target') > 0 FROM risk_statement s WHERE s.request_id = request ORDER BY s.version DESC LIMIT 1), false) THEN 'mark' END], NULL)
$$;

CREATE FUNCTION check_rights_review() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'answer_id', 'decided_by', 'decided_at', 'note', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'opened' OR NEW.version <> 1 OR NEW.note <> '' THEN
            RAISE EXCEPTION 'rights review %: it begins as opened', NEW.id;
        END IF;
        IF NEW.ordinal <> 1 + (SELECT count(*) FROM rights_review r WHERE r.request_id = NEW.request_id)
           OR EXISTS (SELECT 1 FROM rights_review r WHERE r.request_id = NEW.request_id AND r.state <> 'agreed') THEN
            RAISE EXCEPTION 'rights review %: the one before it is not agreed', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress OR NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'rights review %: what it is about does not change', NEW.id;
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('opened', 'answered'), ('returned', 'answered'), ('answered', 'agreed'), ('answered', 'returned')) THEN
        RAISE EXCEPTION 'rights review %: no step leads from "%" to "%"', NEW.id, OLD.state, NEW.state;
    END IF;
    IF OLD.state = 'answered' AND NEW.answer_id IS DISTINCT FROM OLD.answer_id THEN
        RAISE EXCEPTION 'rights review %: what was answered does not change', NEW.id;
    END IF;
    IF NEW.state = 'returned' AND NEW.note = '' THEN
        RAISE EXCEPTION 'rights review %: whoever returns it says why', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit: counsel answered in this step, or a second person decided in it.
CREATE FUNCTION check_rights_words() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    a rights_answer;
BEGIN
    IF NEW.state = 'opened' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO a FROM rights_answer WHERE id = NEW.answer_id AND review_id = NEW.id;
    IF NOT FOUND OR a.round <> (SELECT max(round) FROM rights_answer WHERE review_id = NEW.id) OR (NEW.state = 'answered' AND a.event_id <> NEW.event_id) THEN
        RAISE EXCEPTION 'rights review %: counsel has not answered it', NEW.id;
    END IF;
    IF NEW.state IN ('agreed', 'returned') THEN
        IF NEW.decided_by = a.made_by OR EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.reviewer_id = NEW.decided_by)
           OR NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.decided_by AND p.active AND p.role IN ('counsel', 'approver')) THEN
            RAISE EXCEPTION 'rights review %: another counsel or an approver decides, who has no other part in it', NEW.id;
        END IF;
        PERFORM check_step_up('rights review ' || NEW.id, NEW.decided_by, 'rights',
            digest_of('lerd rights decision v1', NEW.id::text, NEW.state, a.content_sha256, a.conclusion, a.only_category), NEW.event_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_rights_answer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT is_counsel(NEW.made_by) OR EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.reviewer_id = NEW.made_by)
       OR NOT EXISTS (SELECT 1 FROM rights_review r WHERE r.id = NEW.review_id AND r.request_id = NEW.request_id AND r.agency_id = NEW.agency_id AND r.answer_id = NEW.id AND r.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'rights answer %: counsel answers an open review', NEW.id;
    END IF;
    IF NEW.content_sha256 <> encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'rights answer %: its digest is of something else', NEW.id;
    END IF;
    PERFORM check_step_up('rights answer ' || NEW.id, NEW.made_by, 'rights',
        digest_of('lerd rights answer v1', NEW.review_id::text, NEW.content_sha256, NEW.conclusion, NEW.only_category), NEW.event_id);
    RETURN NULL;
END $$;

-- Runs at commit: nothing is prepared, approved or exported of a case that touches
-- rights without counsel's answer and a second person's word, and nothing that
-- they said must not leave.
CREATE FUNCTION check_release_rights() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    why text[] := rights_reasons(NEW.request_id);
    r   rights_review;
    a   rights_answer;
BEGIN
    IF NEW.state IN ('cancelled', 'recalled') OR TG_OP = 'UPDATE' AND OLD.state = 'exported' THEN
        RETURN NULL;
    END IF;
    SELECT * INTO r FROM rights_review v WHERE v.request_id = NEW.request_id ORDER BY v.ordinal DESC LIMIT 1 FOR SHARE;
    IF NOT FOUND AND cardinality(why) = 0 THEN
        RETURN NULL;
    END IF;
    IF r.id IS NULL OR r.state <> 'agreed' OR NOT string_to_array(r.because, ' ') @> why THEN
        RAISE EXCEPTION 'release %: its case touches rights, and their review is not agreed', NEW.id;
    END IF;
    SELECT * INTO a FROM rights_answer WHERE id = r.answer_id;
    IF a.conclusion = 'refuse' OR (a.conclusion = 'narrow' AND EXISTS (SELECT 1 FROM release_item i WHERE i.release_id = NEW.id AND i.category <> a.only_category)) THEN
        RAISE EXCEPTION 'release %: the review of rights does not let this leave', NEW.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_mark_removal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'decided_by', 'decided_at', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' OR NEW.version <> 1 OR NOT is_counsel(NEW.proposed_by) THEN
            RAISE EXCEPTION 'mark removal %: counsel proposes it', NEW.id;
        END IF;
    ELSIF OLD.state <> 'proposed' OR NEW.state = 'proposed' OR NEW.version <> OLD.version + 1 OR NOT is_counsel(NEW.decided_by)
       OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'mark removal %: counsel decides it, once', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit: nobody leaves the list but by what two agreed to in this step.
CREATE FUNCTION check_mark_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r mark_removal;
BEGIN
    IF NEW.removed_at IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT * INTO r FROM mark_removal m WHERE m.mark_id = NEW.id AND m.state = 'agreed' AND m.event_id = NEW.event_id;
    IF NOT FOUND OR r.decided_by <> NEW.removed_by OR r.proposed_by = NEW.removed_by THEN
        RAISE EXCEPTION 'mark %: two of counsel agree to its removal', NEW.id;
    END IF;
    PERFORM check_step_up('mark ' || NEW.id, NEW.removed_by, 'rights', digest_of('lerd mark removal v1', r.id::text, NEW.id::text, r.why), NEW.event_id);
    RETURN NULL;
END $$;

CREATE FUNCTION check_mark_begun() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.removed_at IS NOT NULL OR NEW.version <> 1 THEN
        RAISE EXCEPTION 'mark %: it stands before it is removed', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_confirmation_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_step_up('confirmation ' || NEW.id, NEW.person_id, 'confirm', digest_of('lerd confirmation v1', NEW.finding_id::text), NEW.event_id);
    RETURN NULL;
END $$;

CREATE FUNCTION check_appeal_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM check_step_up('appeal verdict ' || NEW.id, NEW.person_id, 'appeal', digest_of('lerd appeal v1', NEW.finding_id::text), NEW.event_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON rights_review FOR EACH ROW EXECUTE FUNCTION check_rights_review();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON rights_answer FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON sensitive_class FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_step BEFORE INSERT OR UPDATE ON mark_removal FOR EACH ROW EXECUTE FUNCTION check_mark_removal();
CREATE TRIGGER check_begun BEFORE INSERT ON sensitive_mark FOR EACH ROW EXECUTE FUNCTION check_mark_begun();
ALTER TABLE rights_review ENABLE ALWAYS TRIGGER check_step;
ALTER TABLE rights_answer ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE sensitive_class ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE sensitive_mark ENABLE ALWAYS TRIGGER check_begun;
ALTER TABLE mark_removal ENABLE ALWAYS TRIGGER check_step;

-- +goose StatementBegin
DO $$
DECLARE
    x record;
    t record;
BEGIN
    FOR x IN SELECT * FROM (VALUES
        ('rights_review', 'INSERT OR UPDATE', 'two_words', 'check_rights_words'),
        ('rights_answer', 'INSERT', 'step_up', 'check_rights_answer'),
        ('release', 'INSERT OR UPDATE', 'check_rights', 'check_release_rights'),
        ('sensitive_mark', 'UPDATE', 'step_up', 'check_mark_agreed'),
        ('confirmation', 'INSERT', 'step_up', 'check_confirmation_agreed'),
        ('appeal_verdict', 'INSERT', 'step_up', 'check_appeal_agreed')) AS v (tab, act, name, fn) LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER %s ON %I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION %I()', x.name, x.act, x.tab, x.fn);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', x.tab, x.name);
    END LOOP;
    -- As in 0025: the guards stand aside for an erasure.
    FOR t IN SELECT g.tgrelid::regclass AS rel, g.tgname, pg_get_triggerdef(g.oid) AS def
             FROM pg_trigger g
             WHERE g.tgrelid IN ('rights_review'::regclass, 'rights_answer'::regclass, 'release'::regclass, 'sensitive_class'::regclass, 'mark_removal'::regclass, 'sensitive_mark'::regclass) AND NOT g.tgisinternal AND g.tgtype & 1 = 1
               AND g.tgtype & 24 <> 0 AND g.tgname NOT LIKE 'audit%' AND pg_get_triggerdef(g.oid) NOT LIKE '%retention.erasing()%' LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', t.tgname, t.rel);
        EXECUTE replace(t.def, ' EXECUTE FUNCTION ', ' WHEN (NOT retention.erasing()) EXECUTE FUNCTION ');
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.rel, t.tgname);
    END LOOP;
    FOR t IN SELECT * FROM (VALUES ('sensitive_class'), ('rights_review'), ('rights_answer'), ('mark_removal')) AS v (name) LOOP
        PERFORM audit.guard_table(format('public.%I', t.name)::regclass);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.name);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t.name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO lerd_app', t.name);
        EXECUTE format('GRANT SELECT ON %I TO lerd_auditor', t.name);
    END LOOP;
END $$;
-- +goose StatementEnd

-- Agencies and confirmers see none of it.
CREATE POLICY publish ON sensitive_class TO lerd_app USING (lerd_scope() IN ('auditor', 'system')) WITH CHECK (lerd_scope() = 'system');
CREATE POLICY of_staff ON rights_review TO lerd_app USING (lerd_scope() IN ('reviewer', 'counsel', 'approver', 'auditor', 'system'))
    WITH CHECK (lerd_scope() IN ('reviewer', 'counsel', 'approver', 'system'));
CREATE POLICY of_staff ON rights_answer TO lerd_app USING (lerd_scope() IN ('reviewer', 'counsel', 'approver', 'auditor', 'system')) WITH CHECK (lerd_scope() IN ('counsel', 'system'));
CREATE POLICY counsels ON mark_removal TO lerd_app USING (lerd_scope() IN ('counsel', 'auditor')) WITH CHECK (lerd_scope() = 'counsel');
GRANT UPDATE (state, decided_by, decided_at, version, event_id) ON mark_removal TO lerd_app;
GRANT UPDATE (state, answer_id, decided_by, decided_at, note, version, event_id) ON rights_review TO lerd_app;
REVOKE ALL ON FUNCTION rights_reasons(uuid) FROM PUBLIC;

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
