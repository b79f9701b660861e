-- Stock in: exactly one row per arrived attempt, inserted by the transaction that raised
-- the stock. Kept for ever. received_at is the receiver's or the queue's clock, arrived_at
-- the ledger's. recorded_at: the request shows it; until then the controller owes work.
CREATE TABLE IF NOT EXISTS arrival (
    request_id VARCHAR(128) NOT NULL,
    attempt INT NOT NULL,
    uid VARCHAR(64) NOT NULL,
    sku VARCHAR(128) NOT NULL,
    quantity INT NOT NULL,
    surplus BOOLEAN NOT NULL COMMENT 'another attempt of this request had arrived before',
    note VARCHAR(1024) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
        COMMENT 'how the body of the callback differs from its claims',
    body_digest VARCHAR(64) NOT NULL,
    received_at BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    recorded_at BIGINT NULL,
    PRIMARY KEY (request_id, attempt),
    KEY arrival_recorded_at (recorded_at),
    KEY arrival_sku (sku, quantity),
    CONSTRAINT arrival_quantity_check CHECK (quantity > 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
