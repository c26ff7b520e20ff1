CREATE TABLE stock (id INT PRIMARY KEY, n INT); INSERT INTO stock VALUES (1, 5), (2, 6), (3, 7), (4, 0);
