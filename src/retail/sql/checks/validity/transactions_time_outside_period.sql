-- check: transactions_time_outside_period
-- entity: transactions
-- column: ordered_at
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The order lies outside the period that its file covers.
SELECT t.file_id, t.line, t.ordered_at AS found FROM transactions AS t JOIN raw.files AS f USING (file_id)
WHERE t.ordered_ts < f.period_start OR t.ordered_ts >= f.period_end
