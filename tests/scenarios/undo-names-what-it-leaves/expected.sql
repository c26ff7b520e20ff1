CREATE TABLE expected_item (id INT PRIMARY KEY);
INSERT INTO expected_item VALUES (1), (2);
CREATE TABLE expected_hits (page VARCHAR(20), n INT);
INSERT INTO expected_hits VALUES ('a', 1), ('a', 1), ('b', NULL);
CREATE TABLE expected_watched (id INT PRIMARY KEY);
INSERT INTO expected_watched VALUES (1), (2);
