-- check: transactions_payment_state_missing
-- entity: transactions
-- column: payment_state
-- severity: error
-- weight: 1
-- owner: payments
-- reason: It is not known whether the transaction was paid.
SELECT file_id, line, transaction_id AS found FROM transactions WHERE malformed IS NULL AND payment_state IS NULL
