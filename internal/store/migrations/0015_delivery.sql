-- A key to which an agency's bundles are encrypted beside the certificates that
-- two registrars approved could read them all: no registrar puts one on file.

-- +goose Up

SET LOCAL ROLE lerd_owner;

-- +goose StatementBegin
CREATE FUNCTION check_delivery_form() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF lerd_scope() <> 'system'
       AND (NEW.age <> '' AND (TG_OP = 'INSERT' OR NEW.age <> OLD.age)
            OR NEW.certs_pem <> '' AND (TG_OP = 'INSERT' OR NEW.certs_pem <> OLD.certs_pem)) THEN
        RAISE EXCEPTION 'delivery_form %: keys that open bundles are not put on file by one registrar', NEW.id;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_keys BEFORE INSERT OR UPDATE ON delivery_form FOR EACH ROW EXECUTE FUNCTION check_delivery_form();
ALTER TABLE delivery_form ENABLE ALWAYS TRIGGER check_keys;

-- +goose Down
-- Business data are never dropped by a migration.
SELECT 1;
