-- check: transactions_id_missing
-- entity: transactions
-- column: transaction_id
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The transaction has no id.
SELECT file_id, line, customer_id AS found FROM transactions WHERE malformed IS NULL AND transaction_id IS NULL
