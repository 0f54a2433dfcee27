-- Bring core.products in line with the decided rows, and note which ids entered or left it. Those that leave are deleted
-- once no transaction names them (drop_products.sql).
CREATE TEMP TABLE good_products ON COMMIT DROP AS
SELECT r.product_id, r.name, coalesce(r.category, 'Uncategorised') AS category, r.list_price_cents, r.weight_g, r.file_id, r.line
FROM raw.products AS r JOIN affected_products AS a USING (file_id, line)
WHERE NOT EXISTS (SELECT FROM quarantine.rows AS q WHERE q.entity = 'products' AND q.file_id = r.file_id AND q.line = r.line)
  AND NOT EXISTS (SELECT FROM raw.identical_skipped AS s
                  WHERE s.entity = 'products' AND s.file_id = r.file_id AND s.line = r.line);
ANALYZE good_products;
INSERT INTO moved_products (id)
SELECT g.product_id FROM good_products AS g WHERE NOT EXISTS (SELECT FROM core.products AS c WHERE c.product_id = g.product_id)
UNION ALL
SELECT c.product_id FROM core.products AS c
WHERE c.product_id IN (SELECT id FROM touched_products) AND NOT EXISTS (SELECT FROM good_products AS g WHERE g.product_id = c.product_id);
INSERT INTO core.products (product_id, name, category, list_price_cents, weight_g, file_id, line)
SELECT * FROM good_products
ON CONFLICT (product_id) DO UPDATE SET name = excluded.name, category = excluded.category,
    list_price_cents = excluded.list_price_cents, weight_g = excluded.weight_g, file_id = excluded.file_id, line = excluded.line;
