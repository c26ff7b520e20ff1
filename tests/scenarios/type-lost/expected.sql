CREATE TABLE expected_stock LIKE stock;
INSERT INTO expected_stock VALUES (3, -3), (4, NULL);
