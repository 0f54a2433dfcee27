-- check: products_duplicate_conflicting
-- entity: products
-- column: product_id
-- severity: error
-- weight: 1
-- owner: catalogue
-- reason: Rows with the same id say different things; which is right is not known, so none is taken.
SELECT file_id, line, product_id AS found
FROM (
    SELECT file_id, line, product_id,
           min(said) OVER (PARTITION BY product_id) <> max(said) OVER (PARTITION BY product_id) AS differ
    FROM (
        SELECT file_id, line, product_id, md5(ROW(name, category, list_price, weight_grams)::text) AS said
        FROM products
        -- Few ids come twice: only their rows are sorted and compared.
        WHERE product_id IN (SELECT product_id FROM products GROUP BY product_id HAVING count(*) > 1)
    ) AS rows_said
) AS compared
WHERE differ
