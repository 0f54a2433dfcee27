-- The warehouse of the shop. Runs once, as the loader; later changes are further numbered files.
-- Money is in integer cents (*_cents), moments are timestamptz, days are the shop's (Asia/Kolkata).

CREATE SCHEMA raw;
CREATE SCHEMA core;
CREATE SCHEMA quarantine;
CREATE SCHEMA quality;
CREATE SCHEMA marts;

-- Grain: one source file as loaded; a corrected file is a new row, and retires the one it replaces.
CREATE TABLE raw.files (
    file_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL,
    entity       text NOT NULL,
    sha256       text NOT NULL,
    period_start timestamptz NOT NULL,
    period_end   timestamptz NOT NULL,
    row_count    bigint NOT NULL DEFAULT 0,
    loaded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id       text NOT NULL,
    retired_at   timestamptz,
    retired_by   bigint REFERENCES raw.files
);
CREATE UNIQUE INDEX files_live_name ON raw.files (name) WHERE retired_at IS NULL;

-- Grain of the three: one row of a source file, as read, with the typed value beside the text where the two differ
-- (NULL when the text is not of the type). `as_of` is the row's moment, kept inside its file's period, so that a window
-- never loses a row for a wild date. `malformed` holds a record whose number of cells is wrong; its columns are NULL.
CREATE TABLE raw.customers (
    file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL, as_of timestamptz NOT NULL, malformed text,
    customer_id text, full_name text, email text, phone text, city text, signed_up_on text,
    signed_up_day date,
    PRIMARY KEY (file_id, line)
);
CREATE TABLE raw.products (
    file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL, as_of timestamptz NOT NULL, malformed text,
    product_id text, name text, category text, list_price text, weight_grams text,
    list_price_cents bigint, weight_g bigint,
    PRIMARY KEY (file_id, line)
);
CREATE TABLE raw.transactions (
    file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL, as_of timestamptz NOT NULL, malformed text,
    transaction_id text, customer_id text, product_id text, ordered_at text, quantity text, unit_price text,
    discount text, total text, payment_method text, payment_state text, channel text, city text,
    ordered_ts timestamptz, quantity_n bigint, unit_price_cents bigint, discount_cents bigint, total_cents bigint,
    PRIMARY KEY (file_id, line)
);

-- Grain: one row of a retired file, so that a correction never loses what it replaced.
CREATE TABLE raw.retired_rows (
    entity text NOT NULL, file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL, row_read jsonb NOT NULL,
    PRIMARY KEY (entity, file_id, line)
);

-- Grain: one raw row that says exactly what another one said; the other is in core.
CREATE TABLE raw.identical_skipped (
    entity text NOT NULL, file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL,
    PRIMARY KEY (entity, file_id, line)
);

-- Grain: one change of core. The highest version is the load that core shows and marts are built on.
CREATE TABLE raw.loads (
    version   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id    text NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind      text NOT NULL,
    row_count bigint NOT NULL,
    seconds   double precision NOT NULL
);

CREATE TABLE core.customers (
    customer_id text PRIMARY KEY, full_name text, email text, phone text, city text, signed_up_on date NOT NULL,
    file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL
);
CREATE TABLE core.products (
    product_id text PRIMARY KEY, name text NOT NULL, category text NOT NULL, list_price_cents bigint NOT NULL
        CHECK (list_price_cents > 0), weight_g bigint,
    file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL
);
CREATE TABLE core.transactions (
    transaction_id text PRIMARY KEY,
    customer_id    text NOT NULL REFERENCES core.customers,
    product_id     text NOT NULL REFERENCES core.products,
    ordered_at     timestamptz NOT NULL,
    ordered_day    date NOT NULL,
    quantity       bigint NOT NULL CHECK (quantity > 0),
    unit_price_cents bigint NOT NULL CHECK (unit_price_cents > 0),
    discount_cents bigint NOT NULL CHECK (discount_cents >= 0),
    total_cents    bigint NOT NULL CHECK (total_cents = quantity * unit_price_cents - discount_cents),
    payment_method text, payment_state text NOT NULL, channel text, city text,
    file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL
);
-- What counts as bought: money came in, even when it went back later.
CREATE VIEW core.sales AS
SELECT *, CASE WHEN payment_state = 'refunded' THEN total_cents ELSE 0 END AS refunded_cents
FROM core.transactions
WHERE payment_state IN ('paid', 'refunded');

-- Grain: one raw row that core could not take, with every check that refused it.
CREATE TABLE quarantine.rows (
    entity text NOT NULL, file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL,
    checks text[] NOT NULL, columns text[] NOT NULL, reasons text[] NOT NULL,
    held_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (entity, file_id, line)
);
-- Grain: one correction of a quarantined row: what was read and what stands in raw since.
CREATE TABLE quarantine.corrections (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entity text NOT NULL, file_id bigint NOT NULL REFERENCES raw.files, line bigint NOT NULL,
    row_before jsonb NOT NULL, row_after jsonb NOT NULL,
    corrected_at timestamptz NOT NULL DEFAULT clock_timestamp(), corrected_by text NOT NULL
);

-- The books: read = core + quarantined + identical_skipped, for each entity, always.
CREATE VIEW raw.accounting AS
SELECT entity, read, core, quarantined, identical_skipped,
       read - core - quarantined - identical_skipped AS missing
FROM (
    SELECT 'customers' AS entity,
           (SELECT count(*) FROM raw.customers) AS read, (SELECT count(*) FROM core.customers) AS core,
           (SELECT count(*) FROM quarantine.rows WHERE entity = 'customers') AS quarantined,
           (SELECT count(*) FROM raw.identical_skipped WHERE entity = 'customers') AS identical_skipped
    UNION ALL
    SELECT 'products',
           (SELECT count(*) FROM raw.products), (SELECT count(*) FROM core.products),
           (SELECT count(*) FROM quarantine.rows WHERE entity = 'products'),
           (SELECT count(*) FROM raw.identical_skipped WHERE entity = 'products')
    UNION ALL
    SELECT 'transactions',
           (SELECT count(*) FROM raw.transactions), (SELECT count(*) FROM core.transactions),
           (SELECT count(*) FROM quarantine.rows WHERE entity = 'transactions'),
           (SELECT count(*) FROM raw.identical_skipped WHERE entity = 'transactions')
) AS counted;

-- Grain: one run of the checks; a rerun of the same run replaces its row.
CREATE TABLE quality.runs (
    run_id text PRIMARY KEY, as_of timestamptz NOT NULL, started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    score numeric(6, 3), grade text, threshold numeric(6, 3), rows_checked bigint, load_version bigint
);
-- Grain: one check in one run.
CREATE TABLE quality.results (
    run_id text NOT NULL REFERENCES quality.runs ON DELETE CASCADE, check_name text NOT NULL, dimension text NOT NULL,
    entity text NOT NULL, column_name text NOT NULL, severity text NOT NULL, weight numeric(4, 2) NOT NULL,
    owner text NOT NULL, reason text NOT NULL, rows_checked bigint NOT NULL, offenders bigint NOT NULL,
    seconds double precision NOT NULL,
    PRIMARY KEY (run_id, check_name)
);
-- Grain: one offending row kept as an example for its check in its run.
CREATE TABLE quality.samples (
    run_id text NOT NULL, check_name text NOT NULL, file_name text NOT NULL, line bigint NOT NULL, found text,
    PRIMARY KEY (run_id, check_name, file_name, line),
    FOREIGN KEY (run_id, check_name) REFERENCES quality.results ON DELETE CASCADE
);

-- Grain: one customer that bought something.
CREATE TABLE marts.customer_summary (
    customer_id text PRIMARY KEY, full_name text, city text, first_bought_on date NOT NULL, last_bought_on date NOT NULL,
    orders bigint NOT NULL, units bigint NOT NULL, gross_cents bigint NOT NULL, refunded_cents bigint NOT NULL,
    net_cents bigint NOT NULL, segment text NOT NULL
);
-- Grain: one product, sold or not.
CREATE TABLE marts.product_summary (
    product_id text PRIMARY KEY, name text NOT NULL, category text NOT NULL, orders bigint NOT NULL, units bigint NOT NULL,
    gross_cents bigint NOT NULL, refunded_cents bigint NOT NULL, net_cents bigint NOT NULL
);
-- Grain: one shop's day with a sale.
CREATE TABLE marts.daily_sales (
    day date PRIMARY KEY, orders bigint NOT NULL, customers bigint NOT NULL, units bigint NOT NULL,
    gross_cents bigint NOT NULL, refunded_cents bigint NOT NULL, net_cents bigint NOT NULL
);
-- Grain: one shop's calendar month with a sale; `month` is its first day.
CREATE TABLE marts.monthly_sales (
    month date PRIMARY KEY, orders bigint NOT NULL, customers bigint NOT NULL, units bigint NOT NULL,
    gross_cents bigint NOT NULL, refunded_cents bigint NOT NULL, net_cents bigint NOT NULL
);
-- Grain: one build of one mart.
CREATE TABLE marts.builds (
    build_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mart text NOT NULL, run_id text NOT NULL,
    load_version bigint NOT NULL, row_count bigint NOT NULL, net_cents bigint NOT NULL,
    seconds double precision NOT NULL, built_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
