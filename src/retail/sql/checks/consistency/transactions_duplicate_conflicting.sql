-- check: transactions_duplicate_conflicting
-- entity: transactions
-- column: transaction_id
-- severity: error
-- weight: 1
-- owner: sales
-- reason: Rows with the same id say different things; which is right is not known, so none is taken.
SELECT file_id, line, transaction_id AS found
FROM (
    SELECT file_id, line, transaction_id,
           min(said) OVER (PARTITION BY transaction_id) <> max(said) OVER (PARTITION BY transaction_id) AS differ
    FROM (
        SELECT file_id, line, transaction_id, md5(ROW(customer_id, product_id, ordered_at, quantity, unit_price, discount, total, payment_method,
                             payment_state, channel, city)::text) AS said
        FROM transactions
        -- Few ids come twice: only their rows are sorted and compared.
        WHERE transaction_id IN (SELECT transaction_id FROM transactions GROUP BY transaction_id HAVING count(*) > 1)
    ) AS rows_said
) AS compared
WHERE differ
