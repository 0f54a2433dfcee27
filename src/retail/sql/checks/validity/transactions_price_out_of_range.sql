-- check: transactions_price_out_of_range
-- entity: transactions
-- column: unit_price
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The unit price is missing or not an amount from 0.01 to 1,000,000.00.
SELECT file_id, line, unit_price AS found FROM transactions
WHERE malformed IS NULL AND (unit_price_cents IS NULL OR unit_price_cents NOT BETWEEN 1 AND 100000000)
