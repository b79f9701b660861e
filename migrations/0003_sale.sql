-- Stock out. Kept for ever. Written by the sales role alone.
CREATE TABLE IF NOT EXISTS sale (
    id VARCHAR(128) NOT NULL,
    sku VARCHAR(128) NOT NULL,
    quantity INT NOT NULL,
    requester VARCHAR(128) NOT NULL,
    sold_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    KEY sale_sku (sku, quantity),
    CONSTRAINT sale_quantity_check CHECK (quantity > 0)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
