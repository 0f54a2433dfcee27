-- check: transactions_customer_missing
-- entity: transactions
-- column: customer_id
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The transaction names no customer.
SELECT file_id, line, transaction_id AS found FROM transactions WHERE malformed IS NULL AND customer_id IS NULL
