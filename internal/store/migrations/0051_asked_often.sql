-- Whether somebody may see the index of the log is asked once in a query and not for
-- each row. PostgreSQL takes a comparison that it cannot foresee to hold for one row in
-- a hundred: for lists of the last few it then fetched all of a mark to sort them, and
-- looked for a rare kind through the whole log. A sub-query it takes to hold for half.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['log_index', 'log_mark', 'log_case', 'log_viewed', 'log_duty', 'log_holder', 'log_fresh'] LOOP
        EXECUTE format('ALTER POLICY auditors ON %I USING ((SELECT lerd_scope() IN (''auditor'', ''system'')))', t);
    END LOOP;
END $$;
-- +goose StatementEnd

-- What a job asks several times a second: which releases left of late, which rest on a
-- finding that fell, which open grants have no download left, and of which cases the
-- records are kept from their arrival on.
CREATE INDEX request_kept ON request (process_id) WHERE kept_on_arrival(state);
CREATE INDEX release_exported ON release (exported_at) WHERE exported_at IS NOT NULL;
CREATE INDEX release_item_by_finding ON release_item (finding_id);
CREATE INDEX release_grant_used_up ON release_grant (request_id) WHERE ended = '' AND (delivered >= deliveries OR begun >= 5 * deliveries);
