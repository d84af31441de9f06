-- What follows a submission: who may fetch a bundle, until when and how often;
-- what was fetched; what was called back; appeals against findings; the
-- examination of a case, which looks the same to its agency whatever it finds.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- A case whose demand was found valid is being examined from then on, until it
-- is answered. Its agency reads no more than that.
CREATE TABLE examination (
    request_id uuid PRIMARY KEY,
    agency_id  uuid NOT NULL,
    since      timestamptz NOT NULL,
    quiet_until timestamptz NOT NULL, -- no earlier does it end with nothing to hand over
    event_id   uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK (quiet_until >= since)
);

-- One officer may fetch one bundle, for a time and a number of times.
CREATE TABLE release_grant (
    id          uuid PRIMARY KEY,
    release_id  uuid NOT NULL,
    request_id  uuid NOT NULL,
    agency_id   uuid NOT NULL,
    officer_id  uuid NOT NULL REFERENCES person,
    ordinal     integer NOT NULL CHECK (ordinal > 0),
    reason      text NOT NULL CHECK (reason IN ('ready', 'taken_over', 'expired', 'limit_reached', 'file_lost', 'technical_failure')),
    issued_by   uuid REFERENCES person, -- NULL: lerd itself
    from_at     timestamptz NOT NULL,
    until_at    timestamptz NOT NULL,
    deliveries  integer NOT NULL CHECK (deliveries BETWEEN 1 AND 100), -- how often it may be delivered
    begun       integer NOT NULL CHECK (begun BETWEEN 0 AND 5 * deliveries),
    delivered   integer NOT NULL CHECK (delivered BETWEEN 0 AND least(begun, deliveries)),
    ended       text NOT NULL CHECK (ended IN ('', 'expired', 'used_up', 'reissued', 'taken_over', 'recalled', 'suspended')),
    version     bigint NOT NULL CHECK (version > 0),
    event_id    uuid NOT NULL,
    UNIQUE (release_id, ordinal),
    UNIQUE (id, release_id, officer_id),
    FOREIGN KEY (release_id, request_id, agency_id) REFERENCES release (id, request_id, agency_id),
    CHECK (from_at < until_at AND until_at <= from_at + interval '366 days'),
    CHECK ((reason IN ('ready', 'taken_over')) = (issued_by IS NULL)),
    CHECK (issued_by IS DISTINCT FROM officer_id)
);
CREATE UNIQUE INDEX release_grant_open ON release_grant (release_id, officer_id) WHERE ended = '';

-- A download as it went: begun before the first byte leaves, and afterwards
-- delivered whole, broken off, or of unknown end where lerd was stopped in it.
CREATE TABLE release_receipt (
    id         uuid PRIMARY KEY,
    grant_id   uuid NOT NULL,
    release_id uuid NOT NULL,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    officer_id uuid NOT NULL,
    ordinal    integer NOT NULL CHECK (ordinal > 0),
    state      text NOT NULL CHECK (state IN ('begun', 'delivered', 'broken', 'unknown')),
    begun_at   timestamptz NOT NULL,
    ended_at   timestamptz,
    total      bigint NOT NULL CHECK (total > 0),
    bytes      bigint NOT NULL CHECK (bytes BETWEEN 0 AND total),
    sha256     text NOT NULL,
    version    bigint NOT NULL CHECK (version > 0),
    event_id   uuid NOT NULL,
    UNIQUE (grant_id, ordinal),
    FOREIGN KEY (grant_id, release_id, officer_id) REFERENCES release_grant (id, release_id, officer_id),
    FOREIGN KEY (release_id, request_id, agency_id) REFERENCES release (id, request_id, agency_id),
    CHECK ((state = 'begun') = (ended_at IS NULL)),
    CHECK (state <> 'delivered' OR (bytes = total AND sha256 ~ '^[0-9a-f]{64}$')),
    CHECK (ended_at >= begun_at)
);
CREATE INDEX release_receipt_release ON release_receipt (release_id, begun_at);

-- What two confirmers say of a confirmed finding against which the account's
-- holder appealed.
CREATE TABLE appeal_verdict (
    id         uuid PRIMARY KEY,
    finding_id uuid NOT NULL REFERENCES finding,
    person_id  uuid NOT NULL REFERENCES person,
    verdict    text NOT NULL CHECK (verdict IN ('overturn', 'uphold')),
    note       text NOT NULL CHECK (note <> ''),
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (finding_id, person_id)
);

-- A bundle that is called back: proposed by a reviewer, or by lerd where a
-- finding fell, and confirmed by an approver who is somebody else.
CREATE TABLE recall (
    id              uuid PRIMARY KEY,
    release_id      uuid NOT NULL,
    request_id      uuid NOT NULL,
    agency_id       uuid NOT NULL,
    reason          text NOT NULL CHECK (reason IN ('finding_overturned', 'wrong_account', 'wrong_period', 'wrong_records', 'order_withdrawn', 'order_not_genuine', 'law_forbids')),
    note            text NOT NULL,
    finding_id      uuid REFERENCES finding,
    state           text NOT NULL CHECK (state IN ('proposed', 'confirmed', 'rejected')),
    proposed_by     uuid REFERENCES person, -- NULL: lerd itself
    proposed_at     timestamptz NOT NULL,
    decided_by      uuid REFERENCES person,
    decided_at      timestamptz,
    decided_note    text NOT NULL,
    acknowledged_by uuid REFERENCES person,
    acknowledged_at timestamptz,
    deleted_by      uuid REFERENCES person,
    deleted_at      timestamptz,
    holders         text NOT NULL, -- who held copies, as the agency says
    reminders       integer NOT NULL CHECK (reminders >= 0),
    version         bigint NOT NULL CHECK (version > 0),
    event_id        uuid NOT NULL,
    FOREIGN KEY (release_id, request_id, agency_id) REFERENCES release (id, request_id, agency_id),
    CHECK ((proposed_by IS NULL) <= (reason = 'finding_overturned' AND finding_id IS NOT NULL)),
    CHECK (decided_by IS DISTINCT FROM proposed_by OR decided_by IS NULL),
    CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL) AND (deleted_by IS NULL) = (deleted_at IS NULL)),
    CHECK (deleted_by IS NULL OR (acknowledged_by IS NOT NULL AND holders <> '')),
    CHECK (state = 'confirmed' OR acknowledged_by IS NULL)
);
CREATE UNIQUE INDEX recall_open ON recall (release_id) WHERE state <> 'rejected';

-- A colleague of the unit who takes a case over holds it from then on. Who asked
-- stays who asked.
CREATE TABLE takeover (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    ordinal    integer NOT NULL CHECK (ordinal > 0),
    from_id    uuid NOT NULL REFERENCES person,
    to_id      uuid NOT NULL REFERENCES person,
    why        text NOT NULL CHECK (why <> ''),
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (request_id, ordinal),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK (from_id <> to_id)
);

-- Data that are kept for an agency and not disclosed, until the law's hold ends.
CREATE TABLE preservation (
    request_id uuid PRIMARY KEY,
    agency_id  uuid NOT NULL,
    from_at    timestamptz NOT NULL,
    until_at   timestamptz NOT NULL,
    extensions integer NOT NULL CHECK (extensions BETWEEN 0 AND 1),
    reminders  integer NOT NULL CHECK (reminders BETWEEN 0 AND 3),
    version    bigint NOT NULL CHECK (version > 0),
    event_id   uuid NOT NULL,
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id),
    CHECK (from_at < until_at AND until_at <= from_at + interval '366 days')
);

-- A signed answer to a request; a correction has one of its own.
CREATE TABLE result (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    ordinal    integer NOT NULL CHECK (ordinal > 0),
    basis      text NOT NULL, -- a release's id, or state:version
    sha256     text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    bytes      bigint NOT NULL CHECK (bytes > 0),
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (request_id, basis),
    UNIQUE (request_id, ordinal),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);

-- An agency asks for less than it signed, and never for more: each amendment says
-- for each target that it touches what is asked from then on.
CREATE TABLE amendment (
    id         uuid PRIMARY KEY,
    request_id uuid NOT NULL,
    agency_id  uuid NOT NULL,
    ordinal    integer NOT NULL CHECK (ordinal > 0),
    officer_id uuid NOT NULL REFERENCES person,
    why        text NOT NULL CHECK (why <> ''),
    digest     text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'), -- what the officer signed
    at         timestamptz NOT NULL,
    event_id   uuid NOT NULL,
    UNIQUE (request_id, ordinal),
    UNIQUE (id, request_id, agency_id),
    FOREIGN KEY (request_id, agency_id) REFERENCES request (id, agency_id)
);

CREATE TABLE amendment_item (
    id           uuid PRIMARY KEY,
    amendment_id uuid NOT NULL,
    request_id   uuid NOT NULL,
    agency_id    uuid NOT NULL,
    target_id    uuid NOT NULL,
    want_phone   boolean NOT NULL,
    want_ip      boolean NOT NULL,
    from_at      timestamptz NOT NULL,
    to_at        timestamptz NOT NULL,
    event_id     uuid NOT NULL,
    UNIQUE (amendment_id, target_id),
    FOREIGN KEY (amendment_id, request_id, agency_id) REFERENCES amendment (id, request_id, agency_id),
    FOREIGN KEY (target_id, request_id) REFERENCES target (id, request_id),
    CHECK (from_at < to_at)
);

-- Questions and answers stop and start the clock; a word that nobody asked for
-- does neither.
ALTER TABLE message ADD COLUMN kind text NOT NULL DEFAULT 'note' CHECK (kind IN ('question', 'answer', 'note'));
ALTER TABLE message ADD CONSTRAINT message_of_request UNIQUE (id, request_id, agency_id);
CREATE TABLE message_attachment (
    id          uuid PRIMARY KEY,
    message_id  uuid NOT NULL,
    request_id  uuid NOT NULL,
    agency_id   uuid NOT NULL,
    document_id uuid NOT NULL,
    event_id    uuid NOT NULL,
    UNIQUE (request_id, document_id),
    FOREIGN KEY (message_id, request_id, agency_id) REFERENCES message (id, request_id, agency_id),
    FOREIGN KEY (document_id, agency_id) REFERENCES document (id, agency_id)
);

-- A bundle that was called back keeps its row; a correction is another release
-- of the same case, which names the one whose place it takes.
ALTER TABLE release ADD COLUMN supersedes uuid REFERENCES release;
ALTER TABLE release DROP CONSTRAINT release_state_check;
ALTER TABLE release ADD CONSTRAINT release_state_check
    CHECK (state IN ('prepared', 'approved', 'intended', 'sealed', 'exported', 'recalled', 'cancelled'));
DROP INDEX release_open;
CREATE UNIQUE INDEX release_open ON release (request_id) WHERE state NOT IN ('cancelled', 'recalled');

-- What lacks a confirmed violation, and what is not there, end alike.
DELETE FROM request_transition WHERE (from_state, to_state) IN (('qualified', 'no_data'), ('awaiting_confirmation', 'refused'));
INSERT INTO request_transition VALUES
    ('awaiting_confirmation', 'no_data'),
    -- data are kept and not disclosed
    ('in_review', 'preserved'), ('preserved', 'preserved'), ('preserved', 'withdrawn'), ('preserved', 'lapsed'),
    -- an agency asks for less
    ('submitted', 'submitted'), ('needs_information', 'needs_information'), ('qualified', 'qualified'),
    ('awaiting_confirmation', 'awaiting_confirmation'), ('confirmed', 'confirmed'), ('legal_conflict', 'legal_conflict'), ('approved', 'confirmed'),
    ('exported', 'recalled'), ('delivered', 'recalled'), ('closed', 'recalled'),
    ('recalled', 'closed'), ('recalled', 'in_review'), ('closed', 'in_review');

-- +goose StatementBegin
-- The officer who holds a case: who asked, or who took it over last.
CREATE FUNCTION holder_of(request uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT t.to_id FROM takeover t WHERE t.request_id = request ORDER BY t.ordinal DESC LIMIT 1),
                    (SELECT q.officer_id FROM request q WHERE q.id = request))
$$;

-- Whether a release holds more than its agency still asks for.
CREATE FUNCTION beyond_amendments(which uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM release_item i JOIN amendment_item a ON a.target_id = i.target_id
                   WHERE i.release_id = which AND (i.from_at < a.from_at OR i.to_at > a.to_at
                      OR (i.category = 'phone_number' AND NOT a.want_phone) OR (i.category = 'ip_address' AND NOT a.want_ip)))
$$;

-- As in 0002, and: what was called back needs two people's word and stays; what
-- was delivered is what the receipts say; a correction takes the place of a
-- release of its own case that was called back.
CREATE OR REPLACE FUNCTION check_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r record;
    q record;
BEGIN
    SELECT * INTO r FROM release WHERE id = NEW.id;
    IF r.state = 'cancelled' THEN
        RETURN NULL;
    END IF;
    IF r.downloads <> (SELECT count(*) FROM release_receipt WHERE release_id = r.id AND state = 'delivered') THEN
        RAISE EXCEPTION 'release %: the receipts count otherwise', r.id;
    END IF;
    IF r.state = 'recalled' THEN
        IF NOT EXISTS (SELECT 1 FROM recall c JOIN person p ON p.id = c.decided_by
                       WHERE c.release_id = r.id AND c.state = 'confirmed' AND p.role = 'approver') THEN
            RAISE EXCEPTION 'release %: an approver has not confirmed its recall', r.id;
        END IF;
        IF TG_OP = 'INSERT' OR OLD.state <> 'recalled' AND NOT EXISTS (SELECT 1 FROM request WHERE id = r.request_id AND state = 'recalled') THEN
            RAISE EXCEPTION 'release %: it was called back, and its case says otherwise', r.id;
        END IF;
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT 1 FROM recall WHERE release_id = r.id AND state = 'confirmed') THEN
        RAISE EXCEPTION 'release %: it was called back', r.id;
    END IF;
    SELECT * INTO q FROM request WHERE id = r.request_id FOR SHARE;
    IF q.verdict <> 'qualified' OR q.reviewer_id IS DISTINCT FROM r.reviewer_id THEN
        RAISE EXCEPTION 'release %: the request is not qualified by its reviewer', r.id;
    END IF;
    PERFORM 1 FROM agency WHERE id = r.agency_id AND standing = 'verified' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'release %: the agency is suspended', r.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM release_item WHERE release_id = r.id) THEN
        RAISE EXCEPTION 'release %: there is nothing in it', r.id;
    END IF;
    IF r.supersedes IS NOT NULL AND NOT EXISTS (SELECT 1 FROM release o WHERE o.id = r.supersedes AND o.request_id = r.request_id AND o.state = 'recalled') THEN
        RAISE EXCEPTION 'release %: it can take the place only of a release of its case that was called back', r.id;
    END IF;
    IF r.supersedes IS NULL AND EXISTS (SELECT 1 FROM release o WHERE o.request_id = r.request_id AND o.state = 'recalled') THEN
        RAISE EXCEPTION 'release %: it does not say which release it corrects', r.id;
    END IF;
    IF EXISTS (SELECT 1 FROM release_item i JOIN target t ON t.id = i.target_id
               WHERE i.release_id = r.id AND (t.account_id IS DISTINCT FROM i.account_id
                  OR i.from_at < t.from_at OR i.to_at > t.to_at
                  OR t.person_role <> 'suspect'
                  OR (i.category = 'phone_number' AND NOT t.want_phone) OR (i.category = 'ip_address' AND NOT t.want_ip))) THEN
        RAISE EXCEPTION 'release %: an item goes beyond what was asked of a suspect', r.id;
    END IF;
    IF r.state <> 'exported' OR TG_OP = 'INSERT' OR OLD.state <> 'exported' THEN -- what left before it was narrowed stays
        IF beyond_amendments(r.id) THEN
            RAISE EXCEPTION 'release %: an item goes beyond what its agency still asks for', r.id;
        END IF;
    END IF;
    IF EXISTS (SELECT 1 FROM takeover t LEFT JOIN release_item i ON i.release_id = r.id
               WHERE t.request_id = r.request_id AND (t.to_id IN (r.reviewer_id, i.confirmer1, i.confirmer2) OR t.to_id IS NOT DISTINCT FROM r.approver_id)) THEN
        RAISE EXCEPTION 'release %: officer, reviewer, confirmers and approver must be different people', r.id;
    END IF;
    IF EXISTS (SELECT 1 FROM release_item i JOIN decision d ON d.id = i.decision_id
               WHERE i.release_id = r.id AND (i.from_at < d.from_at OR i.to_at > d.to_at OR d.decided_by <> r.reviewer_id
                  OR EXISTS (SELECT 1 FROM decision n WHERE n.request_id = d.request_id AND n.target_id = d.target_id
                             AND n.category = d.category AND n.version > d.version))) THEN
        RAISE EXCEPTION 'release %: an item is not what its reviewer last decided', r.id;
    END IF;
    IF EXISTS (SELECT 1 FROM release_item i
               WHERE i.release_id = r.id AND (
                   i.confirmer1 IN (r.officer_id, r.reviewer_id) OR i.confirmer2 IN (r.officer_id, r.reviewer_id)
                   OR i.confirmer1 IS NOT DISTINCT FROM r.approver_id OR i.confirmer2 IS NOT DISTINCT FROM r.approver_id)) THEN
        RAISE EXCEPTION 'release %: officer, reviewer, confirmers and approver must be different people', r.id;
    END IF;
    IF r.state <> 'prepared' AND (TG_OP = 'INSERT' OR OLD.state = 'prepared')
       AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = r.approver_id AND p.role = 'approver' AND p.active) THEN
        RAISE EXCEPTION 'release %: an approver approves, and nobody else', r.id;
    END IF;
    IF TG_OP = 'INSERT' OR OLD.state <> 'exported' THEN
        PERFORM 1 FROM person WHERE id = holder_of(r.request_id) AND active FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'release %: the officer who asked has left', r.id;
        END IF;
        PERFORM 1 FROM finding f JOIN release_item i ON i.finding_id = f.id WHERE i.release_id = r.id FOR SHARE OF f;
        IF EXISTS (SELECT 1 FROM release_item i JOIN finding f ON f.id = i.finding_id
                   WHERE i.release_id = r.id AND (f.state <> 'confirmed' OR f.appeal IN ('pending', 'overturned')
                      OR f.expires_at <= greatest(r.retrieved_at, r.approved_at, r.exported_at))) THEN
            RAISE EXCEPTION 'release %: a finding is not confirmed, or no longer stands', r.id;
        END IF;
    END IF;
    IF NOT ((r.state, q.state) IN (('prepared', 'confirmed'), ('approved', 'approved'), ('intended', 'approved'), ('sealed', 'approved'),
            ('exported', 'exported'), ('exported', 'delivered'), ('exported', 'closed'))) THEN
        RAISE EXCEPTION 'release %: it is %, and its case is %', r.id, r.state, q.state;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION check_release_progress() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'release %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF (NEW.request_id, NEW.digest, NEW.phones, NEW.addresses, NEW.officer_id, NEW.reviewer_id, NEW.retrieved_at, NEW.ref, NEW.supersedes)
       IS DISTINCT FROM
       (OLD.request_id, OLD.digest, OLD.phones, OLD.addresses, OLD.officer_id, OLD.reviewer_id, OLD.retrieved_at, OLD.ref, OLD.supersedes) THEN
        RAISE EXCEPTION 'release %: what was prepared does not change', NEW.id;
    END IF;
    IF OLD.state IN ('sealed', 'exported') AND (NEW.contents_sha256, NEW.sealing_event) IS DISTINCT FROM (OLD.contents_sha256, OLD.sealing_event)
       OR OLD.state = 'exported' AND (NEW.container_sha256, NEW.encrypted_sha256, NEW.exported_at) IS DISTINCT FROM (OLD.container_sha256, OLD.encrypted_sha256, OLD.exported_at) THEN
        RAISE EXCEPTION 'release %: what was sealed does not change', NEW.id;
    END IF;
    IF OLD.approver_id IS NOT NULL AND (NEW.approver_id, NEW.approved_digest, NEW.approved_at)
       IS DISTINCT FROM (OLD.approver_id, OLD.approved_digest, OLD.approved_at) THEN
        RAISE EXCEPTION 'release %: an approval does not change', NEW.id;
    END IF;
    IF NEW.downloads < OLD.downloads OR NEW.downloads <> OLD.downloads AND OLD.state <> 'exported' THEN
        RAISE EXCEPTION 'release %: only what is out can be downloaded', NEW.id;
    END IF;
    IF NOT ((OLD.state, NEW.state) IN (('prepared', 'approved'), ('prepared', 'cancelled'), ('approved', 'intended'),
            ('approved', 'cancelled'), ('intended', 'intended'), ('intended', 'sealed'), ('intended', 'cancelled'), ('sealed', 'sealed'),
            ('sealed', 'cancelled'), ('sealed', 'exported'), ('exported', 'exported'), ('exported', 'recalled'))) THEN
        RAISE EXCEPTION 'release %: no step leads from "%" to "%"', NEW.id, OLD.state, NEW.state;
    END IF;
    RETURN NEW;
END $$;

-- A case says "approved" or more only while a release says so too.
CREATE OR REPLACE FUNCTION check_request_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    q record;
BEGIN
    SELECT * INTO q FROM request WHERE id = NEW.id;
    IF q.state = 'approved' AND NOT EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state IN ('approved', 'intended', 'sealed')) THEN
        RAISE EXCEPTION 'request %: there is no approved release', q.id;
    END IF;
    IF q.state IN ('exported', 'delivered') AND NOT EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state = 'exported')
       OR q.state = 'closed' AND NOT EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state IN ('exported', 'recalled')) THEN
        RAISE EXCEPTION 'request %: there is no exported release', q.id;
    END IF;
    IF q.state = 'delivered' AND NOT EXISTS (SELECT 1 FROM release_receipt WHERE request_id = q.id AND state = 'delivered') THEN
        RAISE EXCEPTION 'request %: nothing was delivered', q.id;
    END IF;
    IF q.state = 'recalled' AND NOT EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state = 'recalled') THEN
        RAISE EXCEPTION 'request %: no release of it was called back', q.id;
    END IF;
    IF q.state NOT IN ('confirmed', 'approved', 'exported', 'delivered', 'closed')
       AND EXISTS (SELECT 1 FROM release WHERE request_id = q.id AND state NOT IN ('cancelled', 'recalled')) THEN
        RAISE EXCEPTION 'request %: it is %, and its release is not cancelled', q.id, q.state;
    END IF;
    RETURN NULL;
END $$;

-- As in 0002, and: it takes two to overturn a finding on appeal, and two to
-- uphold it, of whom one at least did not confirm it.
CREATE OR REPLACE FUNCTION check_finding() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    f record;
BEGIN
    SELECT * INTO f FROM finding WHERE id = NEW.id;
    IF f.state = 'confirmed' AND (TG_OP = 'INSERT' OR OLD.state <> 'confirmed') AND (
        (SELECT count(DISTINCT c.person_id) FROM confirmation c JOIN person p ON p.id = c.person_id
         WHERE c.finding_id = f.id AND c.verdict = 'confirmed' AND p.role = 'confirmer') < 2
        OR EXISTS (SELECT 1 FROM confirmation c WHERE c.finding_id = f.id AND c.verdict = 'rejected')
        OR f.evidence = '') THEN
        RAISE EXCEPTION 'finding %: it takes two confirmers and an evidence reference', f.id;
    END IF;
    IF (f.state = 'overturned' OR f.appeal = 'overturned') AND (f.state <> 'overturned' OR f.appeal <> 'overturned' OR
        (SELECT count(*) FROM appeal_verdict v JOIN person p ON p.id = v.person_id
         WHERE v.finding_id = f.id AND v.verdict = 'overturn' AND p.role = 'confirmer') < 2) THEN
        RAISE EXCEPTION 'finding %: it takes two confirmers to overturn it on appeal', f.id;
    END IF;
    IF f.appeal = 'upheld' AND (
        (SELECT count(*) FROM appeal_verdict v JOIN person p ON p.id = v.person_id
         WHERE v.finding_id = f.id AND v.verdict = 'uphold' AND p.role = 'confirmer') < 2
        OR NOT EXISTS (SELECT 1 FROM appeal_verdict v WHERE v.finding_id = f.id AND v.verdict = 'uphold'
                       AND NOT EXISTS (SELECT 1 FROM confirmation c WHERE c.finding_id = f.id AND c.person_id = v.person_id))) THEN
        RAISE EXCEPTION 'finding %: it takes two confirmers to uphold it, and one of them new', f.id;
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.appeal, f.appeal) IN (('pending', 'none'), ('upheld', 'none'), ('overturned', 'none'), ('overturned', 'pending'), ('overturned', 'upheld')) THEN
        RAISE EXCEPTION 'finding %: an appeal does not vanish', f.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_appeal_verdict() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM finding f WHERE f.id = NEW.finding_id AND f.state = 'confirmed' AND f.appeal IN ('none', 'pending')) THEN
        RAISE EXCEPTION 'appeal %: the finding is not open to an appeal', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A case passes from its holder to an active officer of the same unit, or of the
-- agency where the holder belongs to no unit.
CREATE FUNCTION check_takeover() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.from_id <> holder_of(NEW.request_id) OR NEW.ordinal <> 1 + (SELECT count(*) FROM takeover t WHERE t.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'takeover %: the case is in other hands', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM person p JOIN person o ON o.id = NEW.from_id WHERE p.id = NEW.to_id AND p.role = 'officer' AND p.active
                   AND p.agency_id = NEW.agency_id AND (o.unit_id IS NULL OR p.unit_id IS NOT DISTINCT FROM o.unit_id)) THEN
        RAISE EXCEPTION 'takeover %: only an active officer of the same unit takes a case over', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- An amendment never widens what was signed or narrowed before.
CREATE FUNCTION check_amendment_item() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM amendment m WHERE m.id = NEW.amendment_id AND m.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'amendment %: its parts come with it and never later', NEW.amendment_id;
    END IF;
    IF EXISTS (SELECT 1 FROM target t WHERE t.id = NEW.target_id AND (NEW.from_at < t.from_at OR NEW.to_at > t.to_at
               OR NEW.want_phone AND NOT t.want_phone OR NEW.want_ip AND NOT t.want_ip))
       OR EXISTS (SELECT 1 FROM amendment_item a WHERE a.target_id = NEW.target_id AND a.id <> NEW.id AND (NEW.from_at < a.from_at OR NEW.to_at > a.to_at
               OR NEW.want_phone AND NOT a.want_phone OR NEW.want_ip AND NOT a.want_ip)) THEN
        RAISE EXCEPTION 'amendment %: it asks for more than was signed', NEW.amendment_id;
    END IF;
    RETURN NEW;
END $$;

-- A preservation begins with its case's state, grows by an extension alone, and
-- lapses when its time is over and no earlier.
CREATE FUNCTION check_preservation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['until_at', 'extensions', 'reminders', 'version', 'event_id'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.version <> 1 OR NEW.extensions <> 0 OR NEW.reminders <> 0 THEN
            RAISE EXCEPTION 'preservation %: it begins unextended', NEW.request_id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 OR to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'preservation %: how it began does not change', NEW.request_id;
    END IF;
    IF (NEW.until_at <> OLD.until_at) <> (NEW.extensions = OLD.extensions + 1) OR NEW.until_at < OLD.until_at OR NEW.extensions NOT IN (OLD.extensions, OLD.extensions + 1) THEN
        RAISE EXCEPTION 'preservation %: only an extension moves its end', NEW.request_id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION check_preserved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    q record;
BEGIN
    SELECT * INTO q FROM request WHERE id = NEW.id;
    IF q.state = 'preserved' AND (q.verdict <> 'qualified' OR q.reviewer_id IS NULL OR NOT EXISTS (SELECT 1 FROM preservation WHERE request_id = q.id)) THEN
        RAISE EXCEPTION 'request %: nothing is kept for it', q.id;
    END IF;
    IF q.state = 'lapsed' AND NOT EXISTS (SELECT 1 FROM preservation k WHERE k.request_id = q.id AND k.until_at <= q.closed_at) THEN
        RAISE EXCEPTION 'request %: its time is not over', q.id;
    END IF;
    IF q.state IN ('qualified', 'confirmed', 'approved', 'exported') AND EXISTS (SELECT 1 FROM preservation WHERE request_id = q.id) THEN
        RAISE EXCEPTION 'request %: a preservation discloses nothing', q.id;
    END IF;
    RETURN NULL;
END $$;

-- A result tells of a case that is answered.
CREATE FUNCTION check_result() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.state IN ('refused', 'no_data') AND NEW.basis = q.state || ':' || q.version)
       AND NOT EXISTS (SELECT 1 FROM release r WHERE r.request_id = NEW.request_id AND r.id::text = NEW.basis AND r.state = 'exported') THEN
        RAISE EXCEPTION 'result %: its case is not answered so', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- Runs at commit: by an officer of the agency, in order, of a case that is under
-- way, something is still asked, and nothing that is in the making goes beyond it.
CREATE FUNCTION check_amendment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.ordinal <> (SELECT count(*) FROM amendment m WHERE m.request_id = NEW.request_id) THEN
        RAISE EXCEPTION 'amendment %: it does not follow the one before', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.officer_id AND p.role = 'officer' AND p.agency_id = NEW.agency_id AND p.active) THEN
        RAISE EXCEPTION 'amendment %: it does not come from an officer of the agency', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM request q WHERE q.id = NEW.request_id AND q.state IN ('submitted', 'in_review', 'needs_information', 'qualified', 'awaiting_confirmation', 'confirmed', 'legal_conflict')) THEN
        RAISE EXCEPTION 'amendment %: its case is answered', NEW.id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM target t WHERE t.request_id = NEW.request_id
                   AND (t.want_phone AND NOT EXISTS (SELECT 1 FROM amendment_item a WHERE a.target_id = t.id AND NOT a.want_phone)
                     OR t.want_ip AND NOT EXISTS (SELECT 1 FROM amendment_item a WHERE a.target_id = t.id AND NOT a.want_ip))) THEN
        RAISE EXCEPTION 'amendment %: nothing would be asked any more', NEW.id;
    END IF;
    IF EXISTS (SELECT 1 FROM release r WHERE r.request_id = NEW.request_id AND r.state IN ('prepared', 'approved', 'intended', 'sealed')) THEN
        RAISE EXCEPTION 'amendment %: a release is in the making', NEW.id;
    END IF;
    RETURN NULL;
END $$;

-- Runs at commit. Who may fetch a bundle: an active officer of its agency, and
-- of a bundle that is out and was not called back.
CREATE FUNCTION check_grant() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    g record;
BEGIN
    SELECT * INTO g FROM release_grant WHERE id = NEW.id;
    IF TG_OP = 'INSERT' THEN
        IF g.begun <> 0 OR g.delivered <> 0 OR g.ended <> '' OR g.version <> 1 THEN
            RAISE EXCEPTION 'grant %: it begins unused', g.id;
        END IF;
        IF (g.reason = 'ready') <> (g.ordinal = 1) OR g.ordinal <> (SELECT count(*) FROM release_grant o WHERE o.release_id = g.release_id AND o.ordinal <= g.ordinal) THEN
            RAISE EXCEPTION 'grant %: the first is for what became ready, and each follows the one before', g.id;
        END IF;
        IF g.issued_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = g.issued_by AND p.role IN ('reviewer', 'approver') AND p.active) THEN
            RAISE EXCEPTION 'grant %: a reviewer or an approver issues a bundle again, and nobody else', g.id;
        END IF;
    END IF;
    IF TG_OP = 'INSERT' OR g.begun <> OLD.begun THEN
        PERFORM 1 FROM release WHERE id = g.release_id AND state = 'exported' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'grant %: the bundle is not out, or was called back', g.id;
        END IF;
        PERFORM 1 FROM person p JOIN agency a ON a.id = p.agency_id
            WHERE p.id = g.officer_id AND p.role = 'officer' AND p.active AND p.agency_id = g.agency_id AND a.standing = 'verified' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'grant %: its officer or agency may not fetch anything now', g.id;
        END IF;
    END IF;
    IF g.begun <> (SELECT count(*) FROM release_receipt WHERE grant_id = g.id)
       OR g.delivered <> (SELECT count(*) FROM release_receipt WHERE grant_id = g.id AND state = 'delivered') THEN
        RAISE EXCEPTION 'grant %: the receipts count otherwise', g.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION check_grant_progress() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['begun', 'delivered', 'ended', 'version', 'event_id'];
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'grant %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'grant %: what was granted does not change', NEW.id;
    END IF;
    IF NEW.begun < OLD.begun OR NEW.delivered < OLD.delivered OR OLD.ended <> '' AND (NEW.ended <> OLD.ended OR NEW.begun <> OLD.begun) THEN
        RAISE EXCEPTION 'grant %: it ended, or runs backwards', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A download begins within its grant, and what was delivered is the bundle.
CREATE FUNCTION check_receipt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    progress CONSTANT text[] := ARRAY['state', 'ended_at', 'bytes', 'sha256', 'version', 'event_id'];
    g record;
BEGIN
    SELECT * INTO g FROM release_grant WHERE id = NEW.grant_id;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'begun' OR NEW.version <> 1 OR NEW.bytes <> 0 OR NEW.sha256 <> '' THEN
            RAISE EXCEPTION 'receipt %: a download begins with nothing delivered', NEW.id;
        END IF;
        IF g.ended <> '' OR NEW.begun_at < g.from_at OR NEW.begun_at >= g.until_at OR NEW.ordinal <> g.begun + 1 THEN
            RAISE EXCEPTION 'receipt %: the grant has ended', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 OR OLD.state <> 'begun' OR NEW.state = 'begun' THEN
        RAISE EXCEPTION 'receipt %: a download ends once', NEW.id;
    END IF;
    IF to_jsonb(NEW) - progress IS DISTINCT FROM to_jsonb(OLD) - progress THEN
        RAISE EXCEPTION 'receipt %: how a download began does not change', NEW.id;
    END IF;
    IF NEW.state = 'delivered' AND NOT EXISTS (SELECT 1 FROM release r WHERE r.id = NEW.release_id AND r.encrypted_sha256 = NEW.sha256) THEN
        RAISE EXCEPTION 'receipt %: what was sent is not the bundle', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A recall is proposed and confirmed once, by two; the rest is its agency's word.
CREATE FUNCTION check_recall() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    answer CONSTANT text[] := ARRAY['acknowledged_by', 'acknowledged_at', 'deleted_by', 'deleted_at', 'holders', 'reminders', 'version', 'event_id'];
    verdict CONSTANT text[] := ARRAY['state', 'decided_by', 'decided_at', 'decided_note'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' OR NEW.version <> 1 OR NEW.acknowledged_by IS NOT NULL OR NEW.reminders <> 0 THEN
            RAISE EXCEPTION 'recall %: a recall begins as a proposal', NEW.id;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM release r WHERE r.id = NEW.release_id AND r.state = 'exported') THEN
            RAISE EXCEPTION 'recall %: the bundle is not out', NEW.id;
        END IF;
        IF NEW.proposed_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.proposed_by AND p.role = 'reviewer' AND p.active) THEN
            RAISE EXCEPTION 'recall %: a reviewer proposes it, and nobody else', NEW.id;
        END IF;
        IF NEW.finding_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM release_item i JOIN finding f ON f.id = i.finding_id
               WHERE i.release_id = NEW.release_id AND i.finding_id = NEW.finding_id AND f.state = 'overturned') THEN
            RAISE EXCEPTION 'recall %: the finding stands, or carries something else', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'recall %: version % does not follow %', NEW.id, NEW.version, OLD.version;
    END IF;
    IF OLD.state = 'proposed' THEN
        IF to_jsonb(NEW) - verdict - 'version'::text - 'event_id'::text IS DISTINCT FROM to_jsonb(OLD) - verdict - 'version'::text - 'event_id'::text OR NEW.state = 'proposed' THEN
            RAISE EXCEPTION 'recall %: a proposal is confirmed or rejected as it is', NEW.id;
        END IF;
        IF NOT EXISTS (SELECT 1 FROM person p WHERE p.id = NEW.decided_by AND p.role = 'approver' AND p.active) THEN
            RAISE EXCEPTION 'recall %: an approver decides on it, and nobody else', NEW.id;
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'rejected' OR to_jsonb(NEW) - answer IS DISTINCT FROM to_jsonb(OLD) - answer THEN
        RAISE EXCEPTION 'recall %: what was decided does not change', NEW.id;
    END IF;
    IF OLD.acknowledged_by IS NOT NULL AND (NEW.acknowledged_by, NEW.acknowledged_at) IS DISTINCT FROM (OLD.acknowledged_by, OLD.acknowledged_at)
       OR OLD.deleted_by IS NOT NULL OR NEW.reminders < OLD.reminders THEN
        RAISE EXCEPTION 'recall %: what the agency said does not change', NEW.id;
    END IF;
    IF EXISTS (SELECT 1 FROM unnest(ARRAY[NEW.acknowledged_by, NEW.deleted_by]) who WHERE who IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = who AND p.role = 'officer' AND p.agency_id = NEW.agency_id)) THEN
        RAISE EXCEPTION 'recall %: its agency answers it, and nobody else', NEW.id;
    END IF;
    RETURN NEW;
END $$;

-- A recall and its release fall together.
CREATE FUNCTION check_recall_release() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM recall c JOIN release r ON r.id = c.release_id WHERE c.id = NEW.id AND (c.state = 'confirmed') <> (r.state = 'recalled')) THEN
        RAISE EXCEPTION 'recall %: the bundle says otherwise', NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER check_kept BEFORE INSERT OR UPDATE ON preservation FOR EACH ROW EXECUTE FUNCTION check_preservation();
CREATE CONSTRAINT TRIGGER check_preserved AFTER INSERT OR UPDATE ON request
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_preserved();
ALTER TABLE preservation ENABLE ALWAYS TRIGGER check_kept;
ALTER TABLE request ENABLE ALWAYS TRIGGER check_preserved;
CREATE TRIGGER check_answered BEFORE INSERT ON result FOR EACH ROW EXECUTE FUNCTION check_result();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON result FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE result ENABLE ALWAYS TRIGGER check_answered;
ALTER TABLE result ENABLE ALWAYS TRIGGER written_once;
CREATE TRIGGER check_holder BEFORE INSERT ON takeover FOR EACH ROW EXECUTE FUNCTION check_takeover();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON takeover FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER check_narrower BEFORE INSERT ON amendment_item FOR EACH ROW EXECUTE FUNCTION check_amendment_item();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON amendment_item FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE CONSTRAINT TRIGGER check_amendment AFTER INSERT ON amendment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_amendment();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON amendment FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON message_attachment FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE takeover ENABLE ALWAYS TRIGGER check_holder;
ALTER TABLE takeover ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE amendment_item ENABLE ALWAYS TRIGGER check_narrower;
ALTER TABLE amendment_item ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE amendment ENABLE ALWAYS TRIGGER check_amendment;
ALTER TABLE amendment ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE message_attachment ENABLE ALWAYS TRIGGER written_once;

CREATE CONSTRAINT TRIGGER check_grant AFTER INSERT OR UPDATE ON release_grant
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_grant();
CREATE TRIGGER check_progress BEFORE UPDATE ON release_grant FOR EACH ROW EXECUTE FUNCTION check_grant_progress();
CREATE TRIGGER check_receipt BEFORE INSERT OR UPDATE ON release_receipt FOR EACH ROW EXECUTE FUNCTION check_receipt();
CREATE TRIGGER check_recall BEFORE INSERT OR UPDATE ON recall FOR EACH ROW EXECUTE FUNCTION check_recall();
CREATE CONSTRAINT TRIGGER check_recall_release AFTER INSERT OR UPDATE ON recall
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_recall_release();
CREATE TRIGGER check_open BEFORE INSERT ON appeal_verdict FOR EACH ROW EXECUTE FUNCTION check_appeal_verdict();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON appeal_verdict FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER written_once BEFORE UPDATE OR DELETE ON examination FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE release_grant ENABLE ALWAYS TRIGGER check_grant;
ALTER TABLE release_grant ENABLE ALWAYS TRIGGER check_progress;
ALTER TABLE release_receipt ENABLE ALWAYS TRIGGER check_receipt;
ALTER TABLE recall ENABLE ALWAYS TRIGGER check_recall;
ALTER TABLE recall ENABLE ALWAYS TRIGGER check_recall_release;
ALTER TABLE appeal_verdict ENABLE ALWAYS TRIGGER check_open;
ALTER TABLE appeal_verdict ENABLE ALWAYS TRIGGER written_once;
ALTER TABLE examination ENABLE ALWAYS TRIGGER written_once;

SELECT audit.guard_table(t::regclass) FROM unnest(ARRAY[
    'public.examination', 'public.release_grant', 'public.release_receipt', 'public.appeal_verdict', 'public.recall',
    'public.preservation', 'public.result', 'public.takeover', 'public.amendment', 'public.amendment_item', 'public.message_attachment']) AS t;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['examination', 'release_grant', 'release_receipt', 'preservation', 'result', 'takeover', 'amendment', 'amendment_item', 'message_attachment'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY case_of_agency ON %I TO lerd_app USING (may_see_case(agency_id)) WITH CHECK (may_see_case(agency_id) AND lerd_scope() <> ''auditor'')', t);
        EXECUTE format('CREATE POLICY all_to_auditor ON %I FOR SELECT TO lerd_auditor USING (true)', t);
    END LOOP;
    ALTER TABLE appeal_verdict ENABLE ROW LEVEL SECURITY;
    CREATE POLICY findings ON appeal_verdict TO lerd_app USING (may_see_findings()) WITH CHECK (lerd_scope() IN ('confirmer', 'system'));
    CREATE POLICY all_to_auditor ON appeal_verdict FOR SELECT TO lerd_auditor USING (true);
    -- an agency learns of a recall when it is confirmed, and of a proposal never
    ALTER TABLE recall ENABLE ROW LEVEL SECURITY;
    CREATE POLICY case_of_agency ON recall TO lerd_app
        USING (may_see_case(agency_id) AND (lerd_scope() <> 'officer' OR state = 'confirmed'))
        WITH CHECK (may_see_case(agency_id) AND lerd_scope() <> 'auditor' AND (lerd_scope() <> 'officer' OR state = 'confirmed'));
    CREATE POLICY all_to_auditor ON recall FOR SELECT TO lerd_auditor USING (true);
END $$;
-- +goose StatementEnd

GRANT SELECT ON examination, release_grant, release_receipt, appeal_verdict, recall, preservation, result, takeover, amendment, amendment_item, message_attachment TO lerd_app, lerd_auditor;
GRANT INSERT ON examination, release_grant, release_receipt, appeal_verdict, recall, preservation, result, takeover, amendment, amendment_item, message_attachment TO lerd_app;
GRANT UPDATE (until_at, extensions, reminders, version, event_id) ON preservation TO lerd_app;
GRANT UPDATE (begun, delivered, ended, version, event_id) ON release_grant TO lerd_app;
GRANT UPDATE (state, ended_at, bytes, sha256, version, event_id) ON release_receipt TO lerd_app;
GRANT UPDATE (state, decided_by, decided_at, decided_note, acknowledged_by, acknowledged_at, deleted_by, deleted_at, holders, reminders, version, event_id) ON recall TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
