-- What the checks see as "transactions" during a load: the rows that are decided anew.
CREATE OR REPLACE TEMP VIEW transactions AS
SELECT r.* FROM raw.transactions AS r JOIN affected_transactions AS a USING (file_id, line);
