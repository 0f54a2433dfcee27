-- What the checks see as "transactions" for a score: every row read whose moment lies before the end of the window.
-- Parameters: as_of (timestamptz).
CREATE OR REPLACE TEMP VIEW transactions AS
SELECT r.* FROM raw.transactions AS r WHERE coalesce(r.as_of, r.ordered_ts) < %(as_of)s;
