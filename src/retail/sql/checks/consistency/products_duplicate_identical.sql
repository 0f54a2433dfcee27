-- check: products_duplicate_identical
-- entity: products
-- column: product_id
-- severity: warning
-- weight: 0.5
-- owner: catalogue
-- reason: The row repeats another one word for word; it is kept once.
-- Offenders are the repeats after the first; groups that contradict themselves are the other check's.
SELECT file_id, line, product_id AS found
FROM (
    SELECT file_id, line, product_id,
           row_number() OVER (PARTITION BY product_id ORDER BY file_id, line) AS nth,
           min(said) OVER (PARTITION BY product_id) = max(said) OVER (PARTITION BY product_id) AS agree
    FROM (
        SELECT file_id, line, product_id, md5(ROW(name, category, list_price, weight_grams)::text) AS said
        FROM products
        -- Few ids come twice: only their rows are sorted and compared.
        WHERE product_id IN (SELECT product_id FROM products GROUP BY product_id HAVING count(*) > 1)
    ) AS rows_said
) AS numbered
WHERE nth > 1 AND agree
