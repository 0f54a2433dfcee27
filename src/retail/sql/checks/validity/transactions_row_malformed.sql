-- check: transactions_row_malformed
-- entity: transactions
-- column: *
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The record does not have as many cells as the header.
SELECT file_id, line, malformed AS found FROM transactions WHERE malformed IS NOT NULL
