-- Replace the text and values of one quarantined row of customers, keep what stood there, and have its ids decided anew.
-- Parameters: file_id, line, as_of, by (who corrects), and every column of raw.customers.
INSERT INTO touched_customers (id)
SELECT customer_id FROM raw.customers WHERE file_id = %(file_id)s AND line = %(line)s AND customer_id IS NOT NULL;
INSERT INTO quarantine.corrections (entity, file_id, line, row_before, row_after, corrected_by)
SELECT 'customers', r.file_id, r.line, to_jsonb(r), '{}', %(by)s FROM raw.customers AS r
WHERE file_id = %(file_id)s AND line = %(line)s;
UPDATE raw.customers SET malformed = NULL, as_of = %(as_of)s,
    customer_id = %(customer_id)s, full_name = %(full_name)s, email = %(email)s, phone = %(phone)s, city = %(city)s,
    signed_up_on = %(signed_up_on)s, signed_up_day = %(signed_up_day)s
WHERE file_id = %(file_id)s AND line = %(line)s;
UPDATE quarantine.corrections AS c SET row_after = to_jsonb(r) FROM raw.customers AS r
WHERE c.entity = 'customers' AND c.file_id = r.file_id AND c.line = r.line AND c.row_after = '{}'::jsonb;
INSERT INTO touched_customers (id)
SELECT customer_id FROM raw.customers WHERE file_id = %(file_id)s AND line = %(line)s AND customer_id IS NOT NULL;
INSERT INTO corrected (entity, file_id, line) VALUES ('customers', %(file_id)s, %(line)s);
