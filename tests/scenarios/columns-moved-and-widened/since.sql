ALTER TABLE stock DROP left_out, MODIFY amount BIGINT FIRST, MODIFY sku VARCHAR(30) CHARACTER SET utf8mb4, ADD shelf VARCHAR(5) DEFAULT 'new' AFTER id;
UPDATE stock SET shelf = 'top' WHERE id = 2;
