-- What a request was about, taken from the object itself: also of rows that an older version
-- wrote, or still writes. Computed when it is read, so that the table is not copied; by two
-- statements, for MySQL adds such a column in place only if the statement does nothing else (MySQL
-- manual, ALTER TABLE and generated columns). As a whole it may be run again: MySQL has no ADD
-- COLUMN IF NOT EXISTS.
SET @add_column = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'archive' AND column_name = 'sku') = 0,
    'ALTER TABLE archive
        ADD COLUMN sku VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
            GENERATED ALWAYS AS (LEFT(COALESCE(
                JSON_VALUE(object, ''$.status.product''),
                JSON_VALUE(object, ''$.spec.productId'')
            ), 128)) VIRTUAL',
    'DO 0'
);
PREPARE add_column FROM @add_column;
EXECUTE add_column;
DEALLOCATE PREPARE add_column;
SET @create_index = IF(
    (SELECT COUNT(*) FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'archive'
        AND index_name = 'archive_sku') = 0,
    'CREATE INDEX archive_sku ON archive (sku, archived_at)',
    'DO 0'
);
PREPARE create_index FROM @create_index;
EXECUTE create_index;
DEALLOCATE PREPARE create_index
