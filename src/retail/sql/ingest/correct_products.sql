-- Replace the text and values of one quarantined row of products, keep what stood there, and have its ids decided anew.
-- Parameters: file_id, line, as_of, by (who corrects), and every column of raw.products.
INSERT INTO touched_products (id)
SELECT product_id FROM raw.products WHERE file_id = %(file_id)s AND line = %(line)s AND product_id IS NOT NULL;
INSERT INTO quarantine.corrections (entity, file_id, line, row_before, row_after, corrected_by)
SELECT 'products', r.file_id, r.line, to_jsonb(r), '{}', %(by)s FROM raw.products AS r
WHERE file_id = %(file_id)s AND line = %(line)s;
UPDATE raw.products SET malformed = NULL, as_of = %(as_of)s,
    product_id = %(product_id)s, name = %(name)s, category = %(category)s, list_price = %(list_price)s,
    weight_grams = %(weight_grams)s, list_price_cents = %(list_price_cents)s, weight_g = %(weight_g)s
WHERE file_id = %(file_id)s AND line = %(line)s;
UPDATE quarantine.corrections AS c SET row_after = to_jsonb(r) FROM raw.products AS r
WHERE c.entity = 'products' AND c.file_id = r.file_id AND c.line = r.line AND c.row_after = '{}'::jsonb;
INSERT INTO touched_products (id)
SELECT product_id FROM raw.products WHERE file_id = %(file_id)s AND line = %(line)s AND product_id IS NOT NULL;
INSERT INTO corrected (entity, file_id, line) VALUES ('products', %(file_id)s, %(line)s);
