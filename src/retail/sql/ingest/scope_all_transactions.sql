-- What the checks see as "transactions" during a load that decides every row: the same as scope_transactions.sql, without its join.
CREATE OR REPLACE TEMP VIEW transactions AS SELECT r.* FROM raw.transactions AS r;
