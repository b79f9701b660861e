-- A buyer may have any name.
ALTER TABLE sale
    MODIFY requester VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
