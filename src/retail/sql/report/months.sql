-- By calendar month: first day, orders, customers, gross, refunded, net cents.
SELECT month, orders, customers, gross_cents, refunded_cents, net_cents FROM marts.monthly_sales ORDER BY month;
