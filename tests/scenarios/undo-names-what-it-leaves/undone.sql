CREATE TABLE undone_item (id INT PRIMARY KEY);
CREATE TABLE undone_hits (page VARCHAR(20), n INT);
INSERT INTO undone_hits VALUES ('b', NULL);
CREATE TABLE undone_watched (id INT PRIMARY KEY);
INSERT INTO undone_watched VALUES (1), (2);
