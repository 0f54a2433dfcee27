-- check: customers_duplicate_conflicting
-- entity: customers
-- column: customer_id
-- severity: error
-- weight: 1
-- owner: crm
-- reason: Rows with the same id say different things; which is right is not known, so none is taken.
SELECT file_id, line, customer_id AS found
FROM (
    SELECT file_id, line, customer_id,
           min(said) OVER (PARTITION BY customer_id) <> max(said) OVER (PARTITION BY customer_id) AS differ
    FROM (
        SELECT file_id, line, customer_id, md5(ROW(full_name, email, phone, city, signed_up_on)::text) AS said
        FROM customers
        -- Few ids come twice: only their rows are sorted and compared.
        WHERE customer_id IN (SELECT customer_id FROM customers GROUP BY customer_id HAVING count(*) > 1)
    ) AS rows_said
) AS compared
WHERE differ
