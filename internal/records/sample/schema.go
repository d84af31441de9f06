package sample

// schemaSQL makes an empty sample. The session tables are made by load, in the
// transaction that fills them, so that PostgreSQL need not log their rows.
const schemaSQL = `
DROP VIEW IF EXISTS public.lerd_source, public.lerd_accounts, public.lerd_username_history, public.lerd_phone_history, public.lerd_ip_sessions;
DROP SCHEMA IF EXISTS sample CASCADE;
CREATE SCHEMA sample;
CREATE TABLE sample.filled (key text PRIMARY KEY, digest text NOT NULL, accounts bigint NOT NULL, sessions bigint NOT NULL);
CREATE TABLE sample.account (account_id bigint NOT NULL, username text, created_at timestamptz NOT NULL, rule_status smallint NOT NULL);
CREATE TABLE sample.username (account_id bigint NOT NULL, username text NOT NULL, valid_from timestamptz NOT NULL, valid_to timestamptz);
CREATE TABLE sample.phone (phone_id bigint NOT NULL, account_id bigint NOT NULL, phone text NOT NULL, verified_at timestamptz, valid_from timestamptz NOT NULL, valid_to timestamptz);
CREATE TABLE sample.ip_event (
	event_id bigint NOT NULL, account_id bigint NOT NULL, at timestamptz NOT NULL, address inet NOT NULL,
	source_port integer, session_id bigint NOT NULL, session_end timestamptz, kind "char" NOT NULL, client "char" NOT NULL, pop "char" NOT NULL
) PARTITION BY RANGE (account_id);
`

const (
	eventIndex    = `CREATE INDEX ON %s (account_id, at)`
	accountIndex  = `ALTER TABLE %s ADD PRIMARY KEY (account_id)`
	usernameIndex = `CREATE INDEX ON %s (username, valid_from)`
	phoneIndex    = `CREATE INDEX ON %[1]s (phone, valid_from); CREATE INDEX ON %[1]s (account_id, valid_from)`
)

// viewsSQL is what a platform writes over its own tables: docs/records.md.
const viewsSQL = `
CREATE VIEW public.lerd_source AS SELECT
	'sample accounts'::text AS system_name, '1'::text AS system_version, 'made up; no clock was read'::text AS clock_source,
	50 AS max_clock_error_ms, 1000 AS precision_us;
CREATE VIEW public.lerd_accounts AS SELECT account_id, username, created_at,
	(ARRAY['good_standing','warned','restricted','banned','deleted'])[rule_status + 1] AS rule_status FROM sample.account;
CREATE VIEW public.lerd_username_history AS SELECT account_id, username, valid_from, valid_to FROM sample.username;
CREATE VIEW public.lerd_phone_history AS SELECT 'ph-' || phone_id AS source_record_id, account_id, phone AS phone_e164,
	CASE WHEN verified_at IS NULL THEN 'unverified' ELSE 'verified' END AS verification_status, verified_at, valid_from, valid_to FROM sample.phone;
CREATE VIEW public.lerd_ip_sessions AS SELECT 'ev-' || event_id AS source_record_id, account_id,
	CASE kind WHEN 'r' THEN 'registration' WHEN 'i' THEN 'login' WHEN 's' THEN 'session_refresh' WHEN 'o' THEN 'logout' WHEN 'p' THEN 'phone_verify' WHEN 'v' THEN 'rule_violation' ELSE kind::text END AS event_type,
	at AS event_time, address AS ip_address, source_port,
	CASE WHEN family(address) = 4 THEN inet '203.0.113.0' + ascii(pop::text)::bigint ELSE inet '2001:db8:ffff::' + ascii(pop::text)::bigint END AS destination_ip,
	443 AS destination_port, 'tcp'::text AS transport, 'se-' || session_id AS session_id,
	CASE client WHEN 'm' THEN 'mobile' WHEN 'd' THEN 'desktop' WHEN 'w' THEN 'web' ELSE 'api' END AS session_type,
	NULL::timestamptz AS first_seen, NULL::timestamptz AS last_seen, session_end,
	CASE WHEN address << inet '100.64.0.0/10' THEN true END AS is_shared
FROM sample.ip_event;
REVOKE ALL ON ALL TABLES IN SCHEMA sample FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
`
