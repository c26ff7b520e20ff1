CREATE TABLE expected_stock LIKE stock;
INSERT INTO expected_stock (id, sku, amount, shelf) VALUES (1, 'Ä1', 5, 'new'), (2, 'B2', 6, 'top'), (3, 'C3', 7, 'new');
