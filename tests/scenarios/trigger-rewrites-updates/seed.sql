CREATE TABLE stock (id INT PRIMARY KEY, n INT, note VARCHAR(9)); INSERT INTO stock VALUES (1, 5, 'a'), (2, 6, 'b');
