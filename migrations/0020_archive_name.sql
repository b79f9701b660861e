-- By which name a request was known to people: one that was made by hand is looked for by it, and
-- nobody knows the uid of an object that is gone. As with its product (0017), also of older rows,
-- computed when it is read, in two statements, and as a whole it may be run again.
SET @add_column = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'archive' AND column_name = 'name') = 0,
    'ALTER TABLE archive
        ADD COLUMN name VARCHAR(253) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
            GENERATED ALWAYS AS (LEFT(JSON_VALUE(object, ''$.name''), 253)) VIRTUAL',
    'DO 0'
);
PREPARE add_column FROM @add_column;
EXECUTE add_column;
DEALLOCATE PREPARE add_column;
SET @create_index = IF(
    (SELECT COUNT(*) FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'archive'
        AND index_name = 'archive_name') = 0,
    'CREATE INDEX archive_name ON archive (name, archived_at)',
    'DO 0'
);
PREPARE create_index FROM @create_index;
EXECUTE create_index;
DEALLOCATE PREPARE create_index
