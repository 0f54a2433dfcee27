-- check: transactions_city_missing
-- entity: transactions
-- column: city
-- severity: warning
-- weight: 0.1
-- owner: logistics
-- reason: The city of the delivery is not known.
SELECT file_id, line, transaction_id AS found FROM transactions WHERE malformed IS NULL AND city IS NULL
