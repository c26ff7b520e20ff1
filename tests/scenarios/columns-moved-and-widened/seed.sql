CREATE TABLE stock (id INT PRIMARY KEY, sku VARCHAR(10) CHARACTER SET latin1, amount SMALLINT, left_out INT NULL);
INSERT INTO stock VALUES (1, 'Ä1', 5, NULL), (2, 'B2', 6, NULL), (3, 'C3', 7, NULL);
