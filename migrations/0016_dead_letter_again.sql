-- A letter that was redriven and died again: how often the same request died before, and when
-- it was first met. As a whole it may be run again: MySQL has no ADD COLUMN IF NOT EXISTS.
SET @add_columns = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dead_letter'
        AND column_name = 'died_before') = 0,
    'ALTER TABLE dead_letter ADD COLUMN died_before INT NOT NULL DEFAULT 0, ADD COLUMN first_died_at BIGINT NULL',
    'DO 0'
);
PREPARE add_columns FROM @add_columns;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns
