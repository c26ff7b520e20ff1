CREATE TABLE log (at DATETIME, text VARCHAR(20) COLLATE utf8mb4_general_ci, n INT);
INSERT INTO log VALUES (NULL, 'a', 1), (NULL, 'a', 1), (NULL, 'A', 1), (NULL, NULL, NULL), (NULL, NULL, NULL), ('2017-01-01', '', 0);
