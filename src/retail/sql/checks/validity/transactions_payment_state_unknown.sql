-- check: transactions_payment_state_unknown
-- entity: transactions
-- column: payment_state
-- severity: error
-- weight: 1
-- owner: payments
-- reason: The payment state is none of paid, refunded, failed, pending.
SELECT file_id, line, payment_state AS found FROM transactions
WHERE payment_state NOT IN ('paid', 'refunded', 'failed', 'pending')
