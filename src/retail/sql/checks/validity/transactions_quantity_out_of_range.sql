-- check: transactions_quantity_out_of_range
-- entity: transactions
-- column: quantity
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The quantity is missing or not a whole number from 1 to 1,000.
SELECT file_id, line, quantity AS found FROM transactions
WHERE malformed IS NULL AND (quantity_n IS NULL OR quantity_n NOT BETWEEN 1 AND 1000)
