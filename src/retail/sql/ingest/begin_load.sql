-- The working tables of one load, gone at its end.
-- touched_*: ids whose rows came, went or changed. affected_*: the raw rows whose fate is decided anew.
-- moved_*: parents that entered or left core, whose transactions must be looked at again.
CREATE TEMP TABLE touched_customers (id text NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE touched_products (id text NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE touched_transactions (id text NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE affected_customers (file_id bigint NOT NULL, line bigint NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE affected_products (file_id bigint NOT NULL, line bigint NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE affected_transactions (file_id bigint NOT NULL, line bigint NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE moved_customers (id text NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE moved_products (id text NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE new_files (file_id bigint PRIMARY KEY) ON COMMIT DROP;
-- corrected: quarantined rows whose text was replaced by a replay.
CREATE TEMP TABLE corrected (entity text NOT NULL, file_id bigint NOT NULL, line bigint NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE offences (
    entity text NOT NULL, file_id bigint NOT NULL, line bigint NOT NULL,
    check_name text NOT NULL, column_name text NOT NULL, reason text NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE repeats (entity text NOT NULL, file_id bigint NOT NULL, line bigint NOT NULL) ON COMMIT DROP;
