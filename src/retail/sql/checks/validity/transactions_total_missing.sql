-- check: transactions_total_missing
-- entity: transactions
-- column: total
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The total is missing or no amount.
SELECT file_id, line, total AS found FROM transactions WHERE malformed IS NULL AND total_cents IS NULL
