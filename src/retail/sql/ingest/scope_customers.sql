-- What the checks see as "customers" during a load: the rows that are decided anew.
CREATE OR REPLACE TEMP VIEW customers AS
SELECT r.* FROM raw.customers AS r JOIN affected_customers AS a USING (file_id, line);
