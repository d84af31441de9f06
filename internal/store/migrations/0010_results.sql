-- What an agency reads of a bundle that it was given: in which categories there
-- was nothing to give. The rows themselves it reads in the bundle alone.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
CREATE FUNCTION empty_items(which uuid) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT i.id FROM release_item i JOIN release r ON r.id = i.release_id
    WHERE i.release_id = which AND r.state = 'exported'
      AND (lerd_scope() = 'system' OR lerd_scope() = 'officer' AND i.agency_id::text = coalesce(current_setting('lerd.agency', true), ''))
      AND NOT EXISTS (SELECT 1 FROM release_record x WHERE x.release_id = i.release_id AND x.item_id = i.id)
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION empty_items(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION empty_items(uuid) TO lerd_app;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
