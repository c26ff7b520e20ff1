CREATE TABLE stock (id INT PRIMARY KEY, sku VARCHAR(10), colour VARCHAR(10));
INSERT INTO stock VALUES (1, 'A1', 'red'), (2, 'B2', 'blue');
