-- Who may be due for erasure is found among those who have left and are not erased,
-- and what is handed to those who verify reports is among the acts that auditors read.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- Of a large agency's officers nearly all are active, or left long ago and are erased.
CREATE INDEX person_left ON person (id) WHERE NOT active AND sign_in <> 'erased ' || id::text;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION administrative(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT kind ~ '^(person|passkey|invitation|key|policy|settings|agency|unit|provider|process|retention)\.' AND kind !~ '\.(viewed|statement_made|statement_downloaded)$'
        OR kind IN ('notice.address_set', 'report.openings_given')
$$;
-- +goose StatementEnd

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
