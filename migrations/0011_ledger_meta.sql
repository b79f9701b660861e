-- Single facts about the ledger, such as when the callback inbox was last found empty.
CREATE TABLE IF NOT EXISTS ledger_meta (
    name VARCHAR(64) NOT NULL,
    micros BIGINT NOT NULL,
    PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
