-- The fence: a POST to the factory needs its own committed row here, and the key lets
-- only one process have it. Written by the controller alone; kept 90 days after closed_at.
-- closed_at: nothing more can come of the attempt that anybody would have to be told.
CREATE TABLE IF NOT EXISTS order_attempt (
    request_id VARCHAR(128) NOT NULL,
    attempt INT NOT NULL,
    uid VARCHAR(64) NOT NULL,
    namespace VARCHAR(63) NOT NULL,
    name VARCHAR(253) NOT NULL,
    sku VARCHAR(128) NOT NULL,
    quantity INT NOT NULL,
    factory VARCHAR(253) NOT NULL,
    nonce VARCHAR(64) NOT NULL,
    outcome VARCHAR(16) NOT NULL,
    opened_at BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    closed_at BIGINT NULL,
    told_at BIGINT NULL,
    notice_id VARCHAR(128) NULL,
    PRIMARY KEY (request_id, attempt),
    KEY order_attempt_closed_at (closed_at),
    CONSTRAINT order_attempt_attempt_check CHECK (attempt > 0),
    CONSTRAINT order_attempt_outcome_check CHECK (
        outcome IN ('open', 'not_sent', 'throttled', 'placed', 'unknown', 'refused')
    )
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
