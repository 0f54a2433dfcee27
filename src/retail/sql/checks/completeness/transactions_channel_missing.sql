-- check: transactions_channel_missing
-- entity: transactions
-- column: channel
-- severity: warning
-- weight: 0.1
-- owner: sales
-- reason: The channel of the sale is not known.
SELECT file_id, line, transaction_id AS found FROM transactions WHERE malformed IS NULL AND channel IS NULL
