-- Messages that a sale owes to the topic, written in the sale's own transaction. The
-- event id is born with the row, so that a repeated publish is the same event. The relay
-- takes what has no sent_at; it never remembers an id, for a lower one can appear later.
-- request_id: what the message becomes, written with sent_at: only the relay knows by which
-- name of its source the other side will count it.
CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT NOT NULL AUTO_INCREMENT,
    event_id VARCHAR(128) NOT NULL,
    sku VARCHAR(128) NOT NULL,
    body MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'JSON',
    created_at BIGINT NOT NULL,
    sent_at BIGINT NULL,
    request_id VARCHAR(128) NULL,
    PRIMARY KEY (id),
    UNIQUE KEY outbox_event_id (event_id),
    KEY outbox_sent_at (sent_at),
    KEY outbox_sku (sku, sent_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
