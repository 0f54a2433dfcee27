-- Which numbered changes of the schema were made. Grain: one file of sql/schema.
CREATE SCHEMA IF NOT EXISTS shop_meta;
CREATE TABLE IF NOT EXISTS shop_meta.changes (
    name text PRIMARY KEY,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
