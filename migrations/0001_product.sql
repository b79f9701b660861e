-- Every time in the ledger is a BIGINT: microseconds since 1970-01-01T00:00:00Z, taken by
-- the ledger's own clock (UTC_TIMESTAMP(6)) unless the column says otherwise. One unit in
-- the ledger, the cluster and the decisions: no conversion, no time zone, no loss. For
-- people: SELECT FROM_UNIXTIME(arrived_at / 1000000) with the session's time zone as UTC.
-- Ids are ascii_bin: the default collation would let ABc collide with abC.
-- No foreign keys: their checks would lock the hot product row from every other table.
-- Counts are signed: a difference that goes below zero is then an answer, not an error.
CREATE TABLE IF NOT EXISTS product (
    sku VARCHAR(128) NOT NULL,
    name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    price BIGINT NOT NULL COMMENT 'in the smallest unit of the currency',
    stock BIGINT NOT NULL,
    reorder_point BIGINT NOT NULL,
    reorder_quantity INT NULL,
    factory_id VARCHAR(128) NULL,
    PRIMARY KEY (sku),
    CONSTRAINT product_price_check CHECK (price >= 0),
    CONSTRAINT product_stock_check CHECK (stock >= 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
