-- check: transactions_channel_unknown
-- entity: transactions
-- column: channel
-- severity: warning
-- weight: 0.2
-- owner: sales
-- reason: The channel is none of app, web, store.
SELECT file_id, line, channel AS found FROM transactions WHERE channel NOT IN ('app', 'web', 'store')
