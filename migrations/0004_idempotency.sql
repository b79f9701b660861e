-- The answer that a buyer's key got, for a repeat of the same call. Kept 30 days.
CREATE TABLE IF NOT EXISTS idempotency (
    idempotency_key VARCHAR(128) NOT NULL,
    request_digest VARCHAR(64) NOT NULL,
    status SMALLINT NOT NULL,
    answer MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (idempotency_key),
    KEY idempotency_created_at (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
