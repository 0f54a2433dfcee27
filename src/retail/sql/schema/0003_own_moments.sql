-- A sale's own moment, where it lies in its file's period, stands in ordered_ts already: writing it again as as_of took an
-- eighth of a load's copying. Rows that were copied before keep theirs.
ALTER TABLE raw.transactions ALTER COLUMN as_of DROP NOT NULL;
COMMENT ON COLUMN raw.transactions.as_of IS 'The moment that the row counts with, where it is not ordered_ts.';
