-- What auditors work with. The first part is a search index over the log: it is
-- computed from the log by index_log(), nobody else writes it, and it can be made
-- anew at any time; what pages show of an event is read from the event itself.
-- The second part are the auditors' own steps: samples, findings with their
-- answers, errors, and runs of the verification. They are rows under guard.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- One row for each placed event.
CREATE TABLE log_index (
    idx      bigint      PRIMARY KEY,
    event_id uuid        NOT NULL,
    at       timestamptz NOT NULL,
    kind     text        NOT NULL,
    stream   text        NOT NULL,
    person   text        NOT NULL,
    role     text        NOT NULL,
    session  text        NOT NULL,
    case_id  uuid
);
CREATE INDEX log_index_kind ON log_index (kind, idx);
CREATE INDEX log_index_person ON log_index (person, idx);
CREATE INDEX log_index_person_kind ON log_index (person, kind, idx);
CREATE INDEX log_index_role_kind ON log_index (role, kind, idx);
CREATE INDEX log_index_case ON log_index (case_id, idx) WHERE case_id IS NOT NULL;
CREATE INDEX log_index_session ON log_index (session, idx) WHERE session <> '';
CREATE INDEX log_index_at ON log_index (at, idx);

-- What the query library looks for, event by event.
CREATE TABLE log_mark (
    mark    text   NOT NULL,
    idx     bigint NOT NULL,
    case_id uuid,
    person  text   NOT NULL,
    PRIMARY KEY (mark, idx)
);
CREATE INDEX log_mark_case ON log_mark (case_id, person) WHERE case_id IS NOT NULL;

-- Who had which part in which case.
CREATE TABLE log_duty (
    case_id uuid   NOT NULL,
    person  text   NOT NULL,
    duty    text   NOT NULL CHECK (duty IN ('ask', 'cosign', 'review', 'counsel', 'confirm', 'approve')),
    idx     bigint NOT NULL,
    PRIMARY KEY (case_id, person, duty)
);

-- Who acted in which role, from when to when.
CREATE TABLE log_holder (
    person    text        NOT NULL,
    role      text        NOT NULL,
    first_idx bigint      NOT NULL,
    last_idx  bigint      NOT NULL,
    first_at  timestamptz NOT NULL,
    last_at   timestamptz NOT NULL,
    events    bigint      NOT NULL,
    PRIMARY KEY (person, role)
);

-- How often staff looked at cases about an account, by month.
CREATE TABLE log_viewed (
    month      date   NOT NULL,
    account_id bigint NOT NULL,
    views      bigint NOT NULL,
    PRIMARY KEY (month, account_id)
);
CREATE INDEX log_viewed_most ON log_viewed (month, views DESC, account_id);

-- A case as the log alone shows it: what samples are drawn from.
CREATE TABLE log_case (
    case_id      uuid        PRIMARY KEY,
    submitted    bigint,
    submitted_at timestamptz,
    country      text        NOT NULL,
    process      text        NOT NULL,
    outcome      text        NOT NULL,
    reviewer     text        NOT NULL,
    emergency    boolean     NOT NULL,
    sensitive    boolean     NOT NULL
);
CREATE INDEX log_case_submitted ON log_case (submitted_at, case_id) WHERE submitted IS NOT NULL;

-- The events of the batch that is being indexed; empty otherwise.
CREATE UNLOGGED TABLE log_fresh (
    idx      bigint PRIMARY KEY,
    event_id uuid,
    stream   text,
    kind     text,
    at       timestamptz,
    person   text,
    role     text,
    session  text,
    facts    jsonb,
    case_id  uuid
);

-- +goose StatementBegin
-- case_of_stream gives the case that an event is of, by its stream and facts.
CREATE FUNCTION case_of_stream(stream text, facts jsonb) RETURNS uuid LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    what text := split_part(stream, ':', 1);
    rest text := split_part(stream, ':', 2);
    found uuid;
BEGIN
    IF facts ->> 'request' ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
        RETURN (facts ->> 'request')::uuid;
    END IF;
    IF rest !~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN
        RETURN NULL;
    END IF;
    CASE what
        WHEN 'request', 'risk', 'preservation', 'source' THEN RETURN rest::uuid;
        WHEN 'look' THEN SELECT id INTO found FROM request WHERE id = rest::uuid;
        WHEN 'release' THEN SELECT request_id INTO found FROM release WHERE id = rest::uuid;
        WHEN 'finding' THEN SELECT request_id INTO found FROM finding_ask WHERE finding_id = rest::uuid ORDER BY id LIMIT 1;
        WHEN 'grant' THEN SELECT request_id INTO found FROM release_grant WHERE id = rest::uuid;
        WHEN 'recall' THEN SELECT request_id INTO found FROM recall WHERE id = rest::uuid;
        WHEN 'message' THEN SELECT request_id INTO found FROM message WHERE id = rest::uuid;
        WHEN 'takeover' THEN SELECT request_id INTO found FROM takeover WHERE id = rest::uuid;
        WHEN 'document' THEN SELECT id INTO found FROM request WHERE document_id = rest::uuid ORDER BY id LIMIT 1;
        WHEN 'hold' THEN SELECT request_id INTO found FROM case_hold WHERE id = rest::uuid;
        ELSE RETURN NULL;
    END CASE;
    RETURN found;
END $$;

-- administrative tells whether an event is about people, keys, settings or rules
-- and not about a case.
CREATE FUNCTION administrative(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT kind ~ '^(person|passkey|invitation|key|policy|settings|agency|unit|provider|process|retention)\.' AND kind !~ '\.(viewed|statement_made|statement_downloaded)$'
        OR kind = 'notice.address_set'
$$;

-- index_log takes placed events that are not indexed yet, at most most of them, and
-- gives how many it took. One transaction at a time; the others find nothing to do.
CREATE FUNCTION index_log(most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    first bigint;
    last  bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('lerd index of the log', 0)) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(max(i.idx) + 1, 0) INTO first FROM log_index i;
    SELECT coalesce(max(l.index), -1) INTO last FROM audit.leaf l;
    last := least(last, first + greatest(1, least(most, 20000)) - 1);
    IF last < first THEN
        RETURN 0;
    END IF;
    DELETE FROM log_fresh;
    INSERT INTO log_fresh
    SELECT l.index, e.id, e.stream, e.kind, (j.v ->> 'at')::timestamptz, coalesce(j.v -> 'actor' ->> 'person', ''), coalesce(j.v -> 'actor' ->> 'role', ''),
           coalesce(j.v -> 'actor' ->> 'session', ''), coalesce(j.v -> 'facts', '{}'::jsonb), case_of_stream(e.stream, coalesce(j.v -> 'facts', '{}'::jsonb))
    FROM audit.leaf l JOIN audit.event e ON e.id = l.event_id CROSS JOIN LATERAL (SELECT convert_from(e.entry, 'UTF8')::jsonb AS v OFFSET 0) j
    WHERE l.index BETWEEN first AND last;
    INSERT INTO log_index (idx, event_id, at, kind, stream, person, role, session, case_id)
    SELECT idx, event_id, at, kind, stream, person, role, session, case_id FROM log_fresh;
    PERFORM index_duties();
    PERFORM index_cases();
    PERFORM index_marks();
    DELETE FROM log_fresh;
    RETURN last - first + 1;
END $$;

CREATE FUNCTION index_duties() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO log_holder AS h (person, role, first_idx, last_idx, first_at, last_at, events)
    SELECT person, role, min(idx), max(idx), min(at), max(at), count(*) FROM log_fresh WHERE person <> '' GROUP BY person, role
    ON CONFLICT (person, role) DO UPDATE SET last_idx = greatest(h.last_idx, EXCLUDED.last_idx), last_at = greatest(h.last_at, EXCLUDED.last_at), events = h.events + EXCLUDED.events;

    INSERT INTO log_duty (case_id, person, duty, idx)
    SELECT case_id, person, duty, min(idx) FROM (
        SELECT f.case_id, f.person, f.idx,
               CASE WHEN f.kind IN ('request.submit', 'request.propose') THEN 'ask'
                    WHEN f.kind = 'request.cosign' THEN 'cosign'
                    WHEN f.kind LIKE 'request.%' AND f.role = 'reviewer' AND f.kind NOT IN ('request.viewed') THEN 'review'
                    WHEN f.kind LIKE 'request.%' AND f.role = 'counsel' AND f.kind NOT IN ('request.viewed') THEN 'counsel'
                    WHEN f.kind = 'release.approved' AND f.role = 'approver' THEN 'approve' END AS duty
        FROM log_fresh f WHERE f.case_id IS NOT NULL
        UNION ALL
        SELECT a.request_id, f.person, f.idx, 'confirm'
        FROM log_fresh f JOIN finding_ask a ON 'finding:' || a.finding_id = f.stream
        WHERE f.stream LIKE 'finding:%' AND f.role = 'confirmer' AND f.kind NOT LIKE '%.viewed') d
    WHERE duty IS NOT NULL AND person <> '' GROUP BY case_id, person, duty
    ON CONFLICT DO NOTHING;

    -- who came to have a part in a case had a reason to look at it before
    DELETE FROM log_mark m USING log_fresh f
    WHERE m.mark = 'view_unassigned' AND m.case_id = f.case_id AND m.person = f.person
      AND EXISTS (SELECT 1 FROM log_duty d WHERE d.case_id = m.case_id AND d.person = m.person);

    INSERT INTO log_viewed AS v (month, account_id, views)
    SELECT date_trunc('month', f.at AT TIME ZONE 'UTC')::date, t.account_id, count(*)
    FROM log_fresh f JOIN target t ON t.request_id = f.case_id
    WHERE f.kind IN ('request.viewed', 'document.viewed', 'release.viewed') AND f.role NOT IN ('officer', 'auditor', 'system') AND t.account_id IS NOT NULL
    GROUP BY 1, 2
    ON CONFLICT (month, account_id) DO UPDATE SET views = v.views + EXCLUDED.views;
END $$;

-- index_cases keeps a case as the log alone shows it; package sampling computes the same.
CREATE FUNCTION index_cases() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT * FROM log_fresh WHERE stream LIKE 'request:%' OR kind = 'risk.stated' ORDER BY idx LOOP
        CONTINUE WHEN f.case_id IS NULL;
        INSERT INTO log_case VALUES (f.case_id, NULL, NULL, '-', '-', 'open', '-', false, false) ON CONFLICT DO NOTHING;
        IF f.kind = 'risk.stated' THEN
            UPDATE log_case SET sensitive = true WHERE case_id = f.case_id AND f.facts ->> 'factors' ~ '(^| )sensitive_target( |$)';
            CONTINUE;
        END IF;
        UPDATE log_case c SET
            submitted = CASE WHEN f.kind IN ('request.submit', 'request.cosign') THEN coalesce(c.submitted, f.idx) ELSE c.submitted END,
            submitted_at = CASE WHEN f.kind IN ('request.submit', 'request.cosign') THEN coalesce(c.submitted_at, f.at) ELSE c.submitted_at END,
            country = coalesce(nullif(f.facts ->> 'country', ''), c.country),
            process = coalesce(nullif(f.facts ->> 'process', ''), c.process),
            emergency = c.emergency OR coalesce(f.facts ->> 'emergency', '') = 'true',
            reviewer = CASE WHEN f.kind = 'request.claim' THEN f.person ELSE c.reviewer END,
            outcome = CASE WHEN NOT f.facts ? 'to' THEN c.outcome
                           WHEN f.facts ->> 'to' IN ('awaiting_cosignature', 'submitted', 'in_review', 'needs_information', 'examined', 'legal_conflict') THEN 'open'
                           ELSE f.facts ->> 'to' END
        WHERE c.case_id = f.case_id;
    END LOOP;
END $$;

-- late_notice tells whether a user was first told more than a day after nothing kept
-- lerd from it: the law's own delay was over, and so was every order to be silent.
CREATE FUNCTION late_notice(kind text, facts jsonb, of_case uuid, at timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF kind <> 'user_notice.sent' OR facts ->> 'attempt' <> '1' OR coalesce(facts ->> 'not_before', '') = '' THEN
        RETURN false;
    END IF;
    RETURN at > greatest((facts ->> 'not_before')::timestamptz, (SELECT max(CASE WHEN g.ended_why = 'expired' THEN g.ends_at ELSE g.ended_at END) FROM gag g WHERE g.request_id = of_case)) + interval '1 day';
END $$;

CREATE FUNCTION index_marks() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO log_mark (mark, idx, case_id, person)
    SELECT m.mark, f.idx, f.case_id, f.person
    FROM log_fresh f CROSS JOIN LATERAL (VALUES
        ('administrative', administrative(f.kind)),
        ('self_approval', f.kind = 'attempt.refused' AND f.facts ->> 'self' = 'yes'),
        ('refused_attempt', f.kind = 'attempt.refused'),
        ('containment', f.kind LIKE 'containment.%' AND f.kind <> 'containment.viewed' OR f.kind IN ('person.contained', 'agency.contained', 'case.held')),
        ('zone_correction', f.kind = 'recall.proposed' AND EXISTS (SELECT 1 FROM recall r WHERE 'recall:' || r.id = f.stream AND r.reason = 'wrong_period')
             OR EXISTS (SELECT 1 FROM check_answer a WHERE a.event_id = f.event_id AND a.check_id IN ('VC-11', 'VC-23') AND a.result IN ('fail', 'needs_info'))),
        ('dev_proof', f.facts ? 'assertion' AND EXISTS (SELECT 1 FROM assertion a WHERE a.id::text = f.facts ->> 'assertion' AND a.method = 'development')),
        ('off_hours', f.role IN ('reviewer', 'counsel', 'confirmer', 'approver', 'registrar', 'administrator') AND f.kind NOT LIKE 'session.%'
             AND (extract(isodow FROM f.at AT TIME ZONE 'UTC') > 5 OR extract(hour FROM f.at AT TIME ZONE 'UTC') NOT BETWEEN 6 AND 19)),
        ('quick_release', f.kind = 'release.approved' AND EXISTS (SELECT 1 FROM log_case c WHERE c.case_id = f.case_id AND f.at - c.submitted_at < interval '30 minutes')),
        ('late', f.kind IN ('request.refuse', 'request.answered', 'request.export', 'request.settle_conflict')
             AND EXISTS (SELECT 1 FROM request q WHERE q.id = f.case_id AND q.effect_by < f.at)
             OR late_notice(f.kind, f.facts, f.case_id, f.at)),
        ('view_unassigned', f.kind IN ('request.viewed', 'document.viewed', 'release.viewed') AND f.role IN ('reviewer', 'counsel', 'approver') AND f.case_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM log_duty d WHERE d.case_id = f.case_id AND d.person = f.person)),
        ('view_no_case', (f.kind LIKE '%.viewed' OR f.kind LIKE '%.listed') AND f.case_id IS NULL AND f.role IN ('reviewer', 'counsel', 'approver', 'registrar', 'administrator')),
        ('two_duties', f.case_id IS NOT NULL AND (SELECT count(*) FROM log_duty d WHERE d.case_id = f.case_id AND d.person = f.person AND d.duty <> 'cosign') > 1)
    ) AS m (mark, holds)
    WHERE m.holds
    ON CONFLICT DO NOTHING;
END $$;
-- +goose StatementEnd

-- A run of the verification: asked for by an auditor, done by a job. How far it
-- is stands in verification_progress, which is machinery.
CREATE TABLE verification (
    id       uuid PRIMARY KEY,
    asked_by uuid NOT NULL REFERENCES person,
    asked_at timestamptz NOT NULL,
    state    text NOT NULL CHECK (state IN ('asked', 'verified', 'differs', 'unfinished')),
    ended_at timestamptz,
    size     bigint NOT NULL CHECK (size >= 0),
    root     text NOT NULL,
    entries  bigint NOT NULL CHECK (entries >= 0),
    rows     bigint NOT NULL CHECK (rows >= 0),
    breach   text NOT NULL, -- its name, where the log's verifier gives one
    finding  text NOT NULL, -- the sentence that the verifier says; ids and digests only
    version  bigint NOT NULL CHECK (version > 0),
    event_id uuid NOT NULL,
    CHECK ((state = 'asked') = (ended_at IS NULL)),
    CHECK ((state = 'differs') <= (finding <> ''))
);
CREATE INDEX verification_asked ON verification (asked_at DESC);
CREATE UNIQUE INDEX verification_one ON verification (state) WHERE state = 'asked';

CREATE TABLE verification_progress (
    verification_id uuid PRIMARY KEY REFERENCES verification,
    what            text NOT NULL,
    done            bigint NOT NULL,
    total           bigint NOT NULL,
    begun_at        timestamptz NOT NULL,
    at              timestamptz NOT NULL
);

-- A sample: planned before anybody can know its seed, drawn once.
CREATE TABLE audit_sample (
    id                uuid PRIMARY KEY,
    ref               text NOT NULL UNIQUE,
    planned_by        uuid NOT NULL REFERENCES person,
    planned_at        timestamptz NOT NULL,
    from_at           timestamptz NOT NULL,
    to_at             timestamptz NOT NULL,
    strata            text NOT NULL CHECK (strata ~ '^(country|process|outcome|reviewer)(,(country|process|outcome|reviewer))*$'),
    each              integer NOT NULL CHECK (each BETWEEN 0 AND 10000),
    percent           integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
    population_tree   bigint NOT NULL CHECK (population_tree > 0),
    population        bigint NOT NULL CHECK (population > 0),
    population_sha256 text NOT NULL CHECK (population_sha256 ~ '^[0-9a-f]{64}$'),
    seed_tree         bigint NOT NULL,
    quorum            integer NOT NULL CHECK (quorum >= 0),
    plan_event        uuid NOT NULL,
    state             text NOT NULL CHECK (state IN ('planned', 'drawn', 'void')),
    seed_note         text NOT NULL,
    seed_root         text NOT NULL,
    seed              text NOT NULL,
    drawn             bigint NOT NULL CHECK (drawn >= 0),
    drawn_sha256      text NOT NULL,
    drawn_at          timestamptz,
    version           bigint NOT NULL CHECK (version > 0),
    event_id          uuid NOT NULL,
    CHECK (from_at < to_at),
    CHECK (each > 0 OR percent > 0),
    CHECK (seed_tree > population_tree),
    CHECK ((state = 'drawn') = (seed <> '' AND drawn_sha256 <> ''))
);
CREATE INDEX audit_sample_planned ON audit_sample (planned_at DESC, id);

-- The population as it was when the sample was planned; drawn says which were drawn.
CREATE TABLE audit_sample_member (
    sample_id uuid NOT NULL REFERENCES audit_sample,
    case_id   uuid NOT NULL,
    stratum   text NOT NULL,
    always    boolean NOT NULL, -- an emergency or a sensitive case: never left out
    PRIMARY KEY (sample_id, case_id)
);

CREATE TABLE audit_sample_case (
    id        uuid PRIMARY KEY,
    sample_id uuid NOT NULL,
    case_id   uuid NOT NULL,
    stratum   text NOT NULL,
    always    boolean NOT NULL,
    event_id  uuid NOT NULL,
    UNIQUE (sample_id, case_id),
    FOREIGN KEY (sample_id, case_id) REFERENCES audit_sample_member (sample_id, case_id)
);

-- What an auditor found, who has to answer it, by when, and how it was settled.
CREATE TABLE audit_finding (
    id         uuid PRIMARY KEY,
    ref        text NOT NULL UNIQUE,
    grade      text NOT NULL CHECK (grade IN ('red', 'amber', 'green')),
    title      text NOT NULL CHECK (title <> ''),
    body       text NOT NULL CHECK (body <> ''),
    case_id    uuid REFERENCES request,
    sample_id  uuid REFERENCES audit_sample,
    evidence   uuid, -- an event of the log
    owner_id   uuid NOT NULL REFERENCES person,
    due_on     date NOT NULL,
    made_by    uuid NOT NULL REFERENCES person,
    made_at    timestamptz NOT NULL,
    state      text NOT NULL CHECK (state IN ('open', 'answered', 'closed')),
    closed_by  uuid REFERENCES person,
    closed_at  timestamptz,
    closed_why text NOT NULL,
    reminded   integer NOT NULL CHECK (reminded >= 0),
    reminded_on date,
    version    bigint NOT NULL CHECK (version > 0),
    event_id   uuid NOT NULL,
    CHECK (owner_id <> made_by),
    CHECK ((state = 'closed') = (closed_by IS NOT NULL AND closed_at IS NOT NULL AND closed_why <> '')),
    CHECK (closed_by IS DISTINCT FROM owner_id)
);
CREATE INDEX audit_finding_open ON audit_finding (due_on, id) WHERE state <> 'closed';
CREATE INDEX audit_finding_owner ON audit_finding (owner_id, due_on);
CREATE INDEX audit_finding_made ON audit_finding (made_at DESC, id);

CREATE TABLE audit_answer (
    id         uuid PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES audit_finding,
    ordinal    integer NOT NULL CHECK (ordinal > 0),
    person_id  uuid NOT NULL REFERENCES person,
    kind       text NOT NULL CHECK (kind IN ('answer', 'not_accepted')),
    body       text NOT NULL CHECK (body <> ''),
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (finding_id, ordinal)
);

-- An error of lerd or of its people, the test whether it is serious, and whether
-- the person affected is told. LAW: Investigatory Powers Act 2016 s. 231 is the
-- pattern: an error is serious where it has caused significant prejudice or harm
-- to the person concerned.
CREATE TABLE error_report (
    id          uuid PRIMARY KEY,
    ref         text NOT NULL UNIQUE,
    what        text NOT NULL CHECK (what IN ('wrong_account', 'wrong_period', 'wrong_zone', 'too_much', 'not_authorised', 'late_notice', 'retention', 'process', 'other')),
    case_id     uuid REFERENCES request,
    body        text NOT NULL CHECK (body <> ''),
    found_on    date NOT NULL,
    made_by     uuid NOT NULL REFERENCES person,
    made_at     timestamptz NOT NULL,
    state       text NOT NULL CHECK (state IN ('reported', 'assessed', 'settled')),
    prejudice   text NOT NULL CHECK (prejudice IN ('', 'none', 'some', 'significant')),
    harm        text NOT NULL CHECK (harm IN ('', 'none', 'some', 'significant')),
    serious     boolean,
    reason      text NOT NULL,
    assessed_by uuid REFERENCES person,
    assessed_at timestamptz,
    told        text NOT NULL CHECK (told IN ('', 'told', 'not_told', 'later')),
    told_why    text NOT NULL,
    told_ref    text NOT NULL, -- of the notice to the person, or of the letter
    settled_by  uuid REFERENCES person,
    settled_at  timestamptz,
    version     bigint NOT NULL CHECK (version > 0),
    event_id    uuid NOT NULL,
    CHECK ((state = 'reported') = (serious IS NULL)),
    CHECK (serious IS NULL OR (serious = (prejudice = 'significant' OR harm = 'significant') AND prejudice <> '' AND harm <> '' AND reason <> '' AND assessed_by IS NOT NULL AND assessed_at IS NOT NULL)),
    CHECK ((told <> '') = (state = 'settled' OR told = 'later')),
    CHECK (told = '' OR (told_why <> '' AND settled_by IS NOT NULL AND settled_at IS NOT NULL)),
    CHECK ((told = 'told') <= (told_ref <> '')),
    CHECK (assessed_by IS DISTINCT FROM made_by OR assessed_by IS NULL)
);
CREATE INDEX error_report_made ON error_report (made_at DESC, id);
CREATE INDEX error_report_open ON error_report (state, made_at) WHERE state <> 'settled';

-- +goose StatementBegin
CREATE FUNCTION is_role(who uuid, wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.role = wanted AND p.active)
$$;

CREATE FUNCTION check_verification() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'ended_at', 'size', 'root', 'entries', 'rows', 'breach', 'finding', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'asked' OR NEW.version <> 1 OR NOT is_role(NEW.asked_by, 'auditor') THEN
            RAISE EXCEPTION 'verification %: an auditor asks for it before it runs', NEW.id;
        END IF;
    ELSIF OLD.state <> 'asked' OR NEW.state = 'asked' OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'verification %: what it gave stays', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- The seed lies in the future when the plan is made; a plan never changes, and is drawn once.
CREATE FUNCTION check_sample() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'seed_note', 'seed_root', 'seed', 'drawn', 'drawn_sha256', 'drawn_at', 'version', 'event_id'];
    placed bigint;
BEGIN
    SELECT coalesce(max(l.index) + 1, 0) INTO placed FROM audit.leaf l;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'planned' OR NEW.version <> 1 OR NEW.plan_event <> NEW.event_id OR NOT is_role(NEW.planned_by, 'auditor') THEN
            RAISE EXCEPTION 'sample %: an auditor plans it before it is drawn', NEW.id;
        END IF;
        IF NEW.seed_tree <= placed OR NEW.population_tree > placed THEN
            RAISE EXCEPTION 'sample %: its seed is of the log as it will be, its population of the log as it is', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'planned' OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'sample %: a plan does not change, and is drawn once', NEW.id;
    END IF;
    IF NEW.state = 'drawn' AND NOT EXISTS (SELECT 1 FROM audit.checkpoint c WHERE c.size >= NEW.seed_tree) THEN
        RAISE EXCEPTION 'sample %: the checkpoint of its seed is not there yet', NEW.id;
    END IF;
    IF NEW.state = 'drawn' AND NOT EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = NEW.plan_event AND l.index < NEW.seed_tree) THEN
        RAISE EXCEPTION 'sample %: its plan does not stand before its seed', NEW.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_sample_member() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_sample s JOIN audit.event e ON e.id = s.plan_event WHERE s.id = NEW.sample_id AND s.state = 'planned' AND e.xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'sample %: its population is fixed with its plan', NEW.sample_id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_sample_case() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_sample s WHERE s.id = NEW.sample_id AND s.state = 'drawn' AND s.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'sample %: cases come with its draw', NEW.sample_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_audit_finding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'closed_by', 'closed_at', 'closed_why', 'reminded', 'reminded_on', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' OR NEW.version <> 1 OR NEW.reminded <> 0 OR NOT is_role(NEW.made_by, 'auditor') THEN
            RAISE EXCEPTION 'audit finding %: an auditor opens it', NEW.id;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.owner_id AND p.active AND p.agency_id IS NULL AND p.role <> 'auditor') THEN
            RAISE EXCEPTION 'audit finding %: its owner is somebody of the platform who is no auditor', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'closed' OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'audit finding %: what was found does not change', NEW.id;
    END IF;
    IF NEW.state = 'closed' AND (OLD.state <> 'answered' OR NOT is_role(NEW.closed_by, 'auditor')) THEN
        RAISE EXCEPTION 'audit finding %: an auditor closes it after it was answered', NEW.id;
    END IF;
    IF NEW.state <> OLD.state AND NEW.state <> 'closed' AND NOT EXISTS (SELECT 1 FROM audit_answer a WHERE a.finding_id = NEW.id AND a.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'audit finding %: nobody has answered it in this step', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- The owner answers, an auditor does not accept; an answer stays.
CREATE FUNCTION check_audit_answer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    f audit_finding;
BEGIN
    SELECT * INTO f FROM audit_finding x WHERE x.id = NEW.finding_id;
    IF NEW.kind = 'answer' AND (NEW.person_id <> f.owner_id OR f.state <> 'open') OR NEW.kind = 'not_accepted' AND (NOT is_role(NEW.person_id, 'auditor') OR f.state <> 'answered') THEN
        RAISE EXCEPTION 'audit finding %: its owner answers it, and an auditor says whether that will do', NEW.finding_id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_error_report() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'prejudice', 'harm', 'serious', 'reason', 'assessed_by', 'assessed_at', 'told', 'told_why', 'told_ref', 'settled_by', 'settled_at', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'reported' OR NEW.version <> 1 THEN
            RAISE EXCEPTION 'error %: it is reported before it is assessed', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'settled' OR NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress
       OR (OLD.serious IS NOT NULL AND (NEW.serious, NEW.prejudice, NEW.harm, NEW.reason, NEW.assessed_by) IS DISTINCT FROM (OLD.serious, OLD.prejudice, OLD.harm, OLD.reason, OLD.assessed_by)) THEN
        RAISE EXCEPTION 'error %: what was reported and assessed does not change', NEW.id;
    END IF;
    IF OLD.serious IS NULL AND NEW.serious IS NOT NULL AND NOT is_role(NEW.assessed_by, 'auditor') OR NEW.told <> OLD.told AND NOT is_role(NEW.settled_by, 'auditor') THEN
        RAISE EXCEPTION 'error %: an auditor assesses it, and decides whether the person is told', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Steps that bind others want the auditor's passkey.
CREATE FUNCTION check_audit_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'audit_sample' THEN
            PERFORM check_step_up('sample ' || NEW.id, NEW.planned_by, 'audit', NULL, NEW.event_id);
        WHEN 'audit_finding' THEN
            IF NEW.state = 'closed' AND OLD.state <> 'closed' THEN
                PERFORM check_step_up('audit finding ' || NEW.id, NEW.closed_by, 'audit', digest_of('lerd close audit finding v1', NEW.id::text, (NEW.version - 1)::text), NEW.event_id);
            END IF;
        ELSE
            IF NEW.serious IS NOT NULL AND OLD.serious IS NULL THEN
                PERFORM check_step_up('error ' || NEW.id, NEW.assessed_by, 'audit', digest_of('lerd assess error v1', NEW.id::text), NEW.event_id);
            ELSIF NEW.told <> OLD.told THEN
                PERFORM check_step_up('error ' || NEW.id, NEW.settled_by, 'audit', digest_of('lerd settle error v1', NEW.id::text, (NEW.version - 1)::text), NEW.event_id);
            END IF;
    END CASE;
    RETURN NULL;
END $$;

DO $$
DECLARE
    t text;
    x record;
BEGIN
    FOREACH t IN ARRAY ARRAY['verification', 'audit_sample', 'audit_sample_case', 'audit_finding', 'audit_answer', 'error_report'] LOOP
        PERFORM audit.guard_table(('public.' || t)::regclass);
    END LOOP;
    FOR x IN SELECT * FROM (VALUES
        ('verification', 'BEFORE INSERT OR UPDATE', 'check_step', 'check_verification'),
        ('audit_sample', 'BEFORE INSERT OR UPDATE', 'check_step', 'check_sample'),
        ('audit_sample_member', 'BEFORE INSERT', 'check_step', 'check_sample_member'),
        ('audit_finding', 'BEFORE INSERT OR UPDATE', 'check_step', 'check_audit_finding'),
        ('audit_answer', 'BEFORE INSERT', 'check_step', 'check_audit_answer'),
        ('error_report', 'BEFORE INSERT OR UPDATE', 'check_step', 'check_error_report')) AS v (tab, act, name, fn) LOOP
        EXECUTE format('CREATE TRIGGER %I %s ON %I FOR EACH ROW EXECUTE FUNCTION %I()', x.name, x.act, x.tab, x.fn);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', x.tab, x.name);
    END LOOP;
    FOR x IN SELECT * FROM (VALUES
        ('audit_sample', 'INSERT', 'step_up', 'check_audit_agreed'),
        ('audit_finding', 'UPDATE', 'step_up', 'check_audit_agreed'),
        ('error_report', 'UPDATE', 'step_up', 'check_audit_agreed'),
        ('audit_sample_case', 'INSERT', 'with_draw', 'check_sample_case')) AS v (tab, act, name, fn) LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER %I AFTER %s ON %I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION %I()', x.name, x.act, x.tab, x.fn);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', x.tab, x.name);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['audit_sample_case', 'audit_answer', 'audit_sample_member'] LOOP
        EXECUTE format('CREATE TRIGGER written_once BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', t);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER written_once', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['log_index', 'log_mark', 'log_duty', 'log_holder', 'log_viewed', 'log_case', 'log_fresh', 'audit_sample', 'audit_sample_member', 'audit_sample_case', 'verification', 'verification_progress'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY auditors ON %I TO lerd_app USING (lerd_scope() IN (''auditor'', ''system'')) WITH CHECK (lerd_scope() IN (''auditor'', ''system''))', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
END $$;
-- +goose StatementEnd

ALTER TABLE audit_finding ENABLE ROW LEVEL SECURITY;
CREATE POLICY auditors_and_owner ON audit_finding TO lerd_app USING (lerd_scope() IN ('auditor', 'system') OR owner_id::text = coalesce(current_setting('lerd.person', true), ''))
    WITH CHECK (lerd_scope() IN ('auditor', 'system') OR owner_id::text = coalesce(current_setting('lerd.person', true), ''));
CREATE POLICY all_to_auditor ON audit_finding FOR SELECT TO lerd_auditor USING (true);
ALTER TABLE audit_answer ENABLE ROW LEVEL SECURITY;
CREATE POLICY auditors_and_owner ON audit_answer TO lerd_app USING (EXISTS (SELECT 1 FROM audit_finding f WHERE f.id = finding_id))
    WITH CHECK (EXISTS (SELECT 1 FROM audit_finding f WHERE f.id = finding_id));
CREATE POLICY all_to_auditor ON audit_answer FOR SELECT TO lerd_auditor USING (true);
ALTER TABLE error_report ENABLE ROW LEVEL SECURITY;
CREATE POLICY auditors_and_reporter ON error_report TO lerd_app USING (lerd_scope() IN ('auditor', 'system') OR made_by::text = coalesce(current_setting('lerd.person', true), ''))
    WITH CHECK (lerd_scope() IN ('auditor', 'system') OR (made_by::text = coalesce(current_setting('lerd.person', true), '') AND state = 'reported'));
CREATE POLICY all_to_auditor ON error_report FOR SELECT TO lerd_auditor USING (true);

GRANT SELECT ON log_index, log_mark, log_duty, log_holder, log_viewed, log_case, verification, verification_progress, audit_sample, audit_sample_member, audit_sample_case,
    audit_finding, audit_answer, error_report TO lerd_app, lerd_auditor;
GRANT INSERT ON verification, verification_progress, audit_sample, audit_sample_member, audit_sample_case, audit_finding, audit_answer, error_report TO lerd_app;
GRANT UPDATE (state, ended_at, size, root, entries, rows, breach, finding, version, event_id) ON verification TO lerd_app;
GRANT UPDATE (what, done, total, at) ON verification_progress TO lerd_app;
GRANT UPDATE (state, seed_note, seed_root, seed, drawn, drawn_sha256, drawn_at, version, event_id) ON audit_sample TO lerd_app;
GRANT UPDATE (state, closed_by, closed_at, closed_why, reminded, reminded_on, version, event_id) ON audit_finding TO lerd_app;
GRANT UPDATE (state, prejudice, harm, serious, reason, assessed_by, assessed_at, told, told_why, told_ref, settled_by, settled_at, version, event_id) ON error_report TO lerd_app;
REVOKE ALL ON FUNCTION index_log(integer), index_duties(), index_cases(), index_marks(), late_notice(text, jsonb, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION index_log(integer) TO lerd_app;

-- For the lists of auditors that are about cases and not about single events.
CREATE INDEX request_emergency ON request (received_at DESC, id) WHERE emergency;
CREATE INDEX request_received ON request (received_at DESC, id);

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
