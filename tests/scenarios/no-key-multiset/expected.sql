CREATE TABLE expected_log LIKE log;
INSERT INTO expected_log VALUES (NULL, 'a', 1), (NULL, 'a', 1), (NULL, 'A', 1), (NULL, NULL, NULL), (NULL, NULL, NULL), ('2017-01-01', '', 0), (NULL, 'new', 5);
