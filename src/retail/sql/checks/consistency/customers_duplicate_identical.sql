-- check: customers_duplicate_identical
-- entity: customers
-- column: customer_id
-- severity: warning
-- weight: 0.5
-- owner: crm
-- reason: The row repeats another one word for word; it is kept once.
-- Offenders are the repeats after the first; groups that contradict themselves are the other check's.
SELECT file_id, line, customer_id AS found
FROM (
    SELECT file_id, line, customer_id,
           row_number() OVER (PARTITION BY customer_id ORDER BY file_id, line) AS nth,
           min(said) OVER (PARTITION BY customer_id) = max(said) OVER (PARTITION BY customer_id) AS agree
    FROM (
        SELECT file_id, line, customer_id, md5(ROW(full_name, email, phone, city, signed_up_on)::text) AS said
        FROM customers
        -- Few ids come twice: only their rows are sorted and compared.
        WHERE customer_id IN (SELECT customer_id FROM customers GROUP BY customer_id HAVING count(*) > 1)
    ) AS rows_said
) AS numbered
WHERE nth > 1 AND agree
