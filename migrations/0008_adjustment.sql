-- Stock by a person's word, and each product's opening stock (id 'opening:SKU'), so that
-- stock = arrivals - sales + adjustments can be checked from rows alone. Kept for ever.
-- The id is drawn before the first try: a repeat of an uncertain one changes nothing.
CREATE TABLE IF NOT EXISTS adjustment (
    id VARCHAR(160) NOT NULL,
    sku VARCHAR(128) NOT NULL,
    delta BIGINT NOT NULL,
    reason VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    adjusted_by VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    adjusted_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    KEY adjustment_sku (sku, delta)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
