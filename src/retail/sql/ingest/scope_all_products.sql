-- What the checks see as "products" during a load that decides every row: the same as scope_products.sql, without its join.
CREATE OR REPLACE TEMP VIEW products AS SELECT r.* FROM raw.products AS r;
