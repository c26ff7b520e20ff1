CREATE TABLE node (id INT PRIMARY KEY, parent INT NULL, FOREIGN KEY (parent) REFERENCES node (id) ON DELETE CASCADE);
INSERT INTO node VALUES (9, NULL), (1, 9), (8, 1), (2, 8), (7, 2), (3, 7), (5, NULL);
