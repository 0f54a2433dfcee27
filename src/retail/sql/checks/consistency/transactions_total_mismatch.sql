-- check: transactions_total_mismatch
-- entity: transactions
-- column: total
-- severity: error
-- weight: 1
-- owner: payments
-- reason: The total is not quantity x unit price - discount.
SELECT file_id, line, total AS found FROM transactions
-- Only where every part makes sense; else the part's own check speaks.
WHERE quantity_n BETWEEN 1 AND 1000 AND unit_price_cents BETWEEN 1 AND 100000000
  AND discount_cents BETWEEN 0 AND quantity_n * unit_price_cents
  AND total_cents <> quantity_n * unit_price_cents - discount_cents
