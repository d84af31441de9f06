-- An agency's administrator is brought in by two registrars, as the agency was:
-- whoever has one registrar's account alone makes nobody who acts for an agency.

-- +goose Up

SET LOCAL ROLE lerd_owner;

ALTER TABLE invitation ADD CONSTRAINT invitation_by_two CHECK (role = 'officer' OR confirmed_by <> invited_by) NOT VALID;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
