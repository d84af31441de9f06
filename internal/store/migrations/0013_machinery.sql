-- Challenges that wait for an answer, and mail that waits to go out, are lerd's
-- own: no page reads or writes them in anybody's name.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ceremony', 'notice_mail', 'notice_cursor'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own ON %I TO lerd_app USING (lerd_scope() = ''system'') WITH CHECK (lerd_scope() = ''system'')', t);
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
