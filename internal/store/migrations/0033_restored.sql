-- What the levels of risk ask for, worded so that PostgreSQL words it alike after
-- a backup was restored: verification compares each rule with the one installed.
-- What it allows is what it allowed.

-- +goose Up

SET LOCAL ROLE lerd_owner;

ALTER TABLE risk_statement DROP CONSTRAINT risk_statement_check;
ALTER TABLE risk_statement ADD CONSTRAINT risk_statement_check CHECK (level || ':' || demands IN ('normal:', 'elevated:echo', 'high:echo call_back counsel',
    'normal:call_back', 'elevated:echo call_back'));

RESET ROLE;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
