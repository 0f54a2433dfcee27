-- What the checks see as "customers" for a score: every row read whose moment lies before the end of the window.
-- Parameters: as_of (timestamptz).
CREATE OR REPLACE TEMP VIEW customers AS SELECT r.* FROM raw.customers AS r WHERE r.as_of < %(as_of)s;
