-- What the checks see as "customers" during a load that decides every row: the same as scope_customers.sql, without its join.
CREATE OR REPLACE TEMP VIEW customers AS SELECT r.* FROM raw.customers AS r;
