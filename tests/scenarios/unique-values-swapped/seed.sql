CREATE TABLE seat (id INT PRIMARY KEY, place VARCHAR(5) UNIQUE);
INSERT INTO seat VALUES (1, 'A1'), (2, 'B2'), (3, 'C3'), (4, 'D4');
