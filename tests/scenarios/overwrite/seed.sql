CREATE TABLE rates (id INT PRIMARY KEY, rate DECIMAL(9,4), note VARCHAR(20));
INSERT INTO rates VALUES (1, 1.1, 'a'), (2, 2.2, 'b'), (3, 3.3, NULL), (4, 4.4, 'd');
