CREATE TABLE hits (page VARCHAR(20), n INT);
INSERT INTO hits VALUES ('a', 1), ('a', 1), ('b', NULL);
