-- What is still there is listed, and what was last met long ago is deleted. As a whole it may be run
-- again: MySQL has no CREATE INDEX IF NOT EXISTS.
SET @create_index = IF(
    (SELECT COUNT(*) FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = 'dead_letter'
        AND index_name = 'dead_letter_last_seen_at') = 0,
    'CREATE INDEX dead_letter_last_seen_at ON dead_letter (last_seen_at)',
    'DO 0'
);
PREPARE create_index FROM @create_index;
EXECUTE create_index;
DEALLOCATE PREPARE create_index
