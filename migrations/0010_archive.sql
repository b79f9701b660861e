-- A finished request as it stood, written with the change that finished it. Kept 1 year.
CREATE TABLE IF NOT EXISTS archive (
    request_id VARCHAR(128) NOT NULL,
    uid VARCHAR(64) NOT NULL,
    object MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'JSON',
    archived_at BIGINT NOT NULL,
    PRIMARY KEY (request_id, uid),
    KEY archive_archived_at (archived_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
