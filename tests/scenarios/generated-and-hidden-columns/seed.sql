CREATE TABLE box (id INT PRIMARY KEY, wide INT, high INT, area INT AS (wide * high) VIRTUAL, perimeter INT AS (2 * (wide + high)) STORED, secret VARCHAR(10) INVISIBLE DEFAULT 'none', UNIQUE (perimeter));
INSERT INTO box (id, wide, high, secret) VALUES (1, 2, 3, 'x'), (2, 4, 5, NULL), (3, 6, 7, 'z');
