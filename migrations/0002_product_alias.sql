-- What else a message may call a product: a database UUID, a number.
CREATE TABLE IF NOT EXISTS product_alias (
    alias VARCHAR(128) NOT NULL,
    sku VARCHAR(128) NOT NULL,
    PRIMARY KEY (alias),
    KEY product_alias_sku (sku)
) ENGINE = InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin
