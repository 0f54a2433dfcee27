-- Delete from core.customers what came out of the decision as no longer good.
DELETE FROM core.customers AS c
WHERE c.customer_id IN (SELECT id FROM touched_customers) AND NOT EXISTS (SELECT FROM good_customers AS g WHERE g.customer_id = c.customer_id);
