-- A letter that was redriven and died again: how often the same request died before, which is not
-- known at once, and when it was first met; and whether anybody but SQS gave it an id. As a whole
-- it may be run again: MySQL has no ADD COLUMN IF NOT EXISTS.
SET @add_columns = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'dead_letter'
        AND column_name = 'died_before') = 0,
    'ALTER TABLE dead_letter
        ADD COLUMN died_before INT NULL,
        ADD COLUMN first_died_at BIGINT NULL,
        ADD COLUMN is_named BOOL NOT NULL DEFAULT FALSE',
    'DO 0'
);
PREPARE add_columns FROM @add_columns;
EXECUTE add_columns;
DEALLOCATE PREPARE add_columns
