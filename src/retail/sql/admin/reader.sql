-- What the reader role may see: everything in the shop's schemas, nothing to change. Runs as the loader, at every start.
DO $$
DECLARE
    part text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'warehouse_reader') THEN
        RETURN;
    END IF;
    FOREACH part IN ARRAY ARRAY['raw', 'core', 'quarantine', 'quality', 'marts'] LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO warehouse_reader', part);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO warehouse_reader', part);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO warehouse_reader', part);
    END LOOP;
END $$;
