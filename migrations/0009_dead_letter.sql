-- Messages seen in the dead-letter queue. The queue's own message id is part of the key:
-- a message that dies again after a redrive has a new one, and is told again.
CREATE TABLE IF NOT EXISTS dead_letter (
    request_id VARCHAR(128) NOT NULL,
    message_id VARCHAR(128) NOT NULL,
    reason VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    sent_at BIGINT NULL COMMENT 'by the clock of the queue',
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    times_seen INT NOT NULL,
    claimed_by VARCHAR(128) NULL,
    claimed_until BIGINT NULL,
    told_at BIGINT NULL,
    notice_id VARCHAR(128) NULL,
    PRIMARY KEY (request_id, message_id),
    KEY dead_letter_told_at (told_at, first_seen_at),
    KEY dead_letter_claimed_by (claimed_by)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
