CREATE TABLE expected_item (id INT PRIMARY KEY, v INT);
INSERT INTO expected_item VALUES (1, 1), (2, 2);
