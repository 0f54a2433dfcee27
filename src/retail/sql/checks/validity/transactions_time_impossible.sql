-- check: transactions_time_impossible
-- entity: transactions
-- column: ordered_at
-- severity: error
-- weight: 1
-- owner: sales
-- reason: The moment of the order is missing or none that exists (ISO 8601 with its offset).
SELECT file_id, line, ordered_at AS found FROM transactions WHERE malformed IS NULL AND ordered_ts IS NULL
