-- The ten products with the most net cents: name, category, units, refunded cents, net cents.
SELECT name, category, units, refunded_cents, net_cents FROM marts.product_summary
ORDER BY net_cents DESC, product_id LIMIT 10;
