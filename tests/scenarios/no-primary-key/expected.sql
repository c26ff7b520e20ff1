CREATE TABLE expected_hits (page VARCHAR(20), n INT);
INSERT INTO expected_hits VALUES ('a', 1), ('a', 1), ('b', NULL);
