-- check: transactions_duplicate_identical
-- entity: transactions
-- column: transaction_id
-- severity: warning
-- weight: 0.5
-- owner: sales
-- reason: The row repeats another one word for word; it is kept once.
-- Offenders are the repeats after the first; groups that contradict themselves are the other check's.
SELECT file_id, line, transaction_id AS found
FROM (
    SELECT file_id, line, transaction_id,
           row_number() OVER (PARTITION BY transaction_id ORDER BY file_id, line) AS nth,
           min(said) OVER (PARTITION BY transaction_id) = max(said) OVER (PARTITION BY transaction_id) AS agree
    FROM (
        SELECT file_id, line, transaction_id, md5(ROW(customer_id, product_id, ordered_at, quantity, unit_price, discount, total, payment_method,
                             payment_state, channel, city)::text) AS said
        FROM transactions
        -- Few ids come twice: only their rows are sorted and compared.
        WHERE transaction_id IN (SELECT transaction_id FROM transactions GROUP BY transaction_id HAVING count(*) > 1)
    ) AS rows_said
) AS numbered
WHERE nth > 1 AND agree
