CREATE TABLE stock (id INT PRIMARY KEY, code VARCHAR(10));
INSERT INTO stock VALUES (1, 'A7'), (2, 'B2'), (3, '-3'), (4, NULL);
