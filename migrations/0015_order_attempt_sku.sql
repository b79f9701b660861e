-- Whether an order of a product is out is asked while the product is locked. As a whole it may
-- be run again: MySQL has no CREATE INDEX IF NOT EXISTS.
SET @create_index = IF(
    (SELECT COUNT(*) FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'order_attempt'
        AND index_name = 'order_attempt_sku') = 0,
    'CREATE INDEX order_attempt_sku ON order_attempt (sku, closed_at)',
    'DO 0'
);
PREPARE create_index FROM @create_index;
EXECUTE create_index;
DEALLOCATE PREPARE create_index
