-- What the checks see as "products" during a load: the rows that are decided anew.
CREATE OR REPLACE TEMP VIEW products AS
SELECT r.* FROM raw.products AS r JOIN affected_products AS a USING (file_id, line);
