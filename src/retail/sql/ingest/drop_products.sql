-- Delete from core.products what came out of the decision as no longer good.
DELETE FROM core.products AS c
WHERE c.product_id IN (SELECT id FROM touched_products) AND NOT EXISTS (SELECT FROM good_products AS g WHERE g.product_id = c.product_id);
