-- What the checks see as "products" for a score: every row read whose moment lies before the end of the window.
-- Parameters: as_of (timestamptz).
CREATE OR REPLACE TEMP VIEW products AS SELECT r.* FROM raw.products AS r WHERE r.as_of < %(as_of)s;
