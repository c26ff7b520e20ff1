CREATE TABLE expected_note (id INT PRIMARY KEY, text VARCHAR(10), added INT NOT NULL);
INSERT INTO expected_note VALUES (1, 'short', 5), (3, 'ok', 5);
