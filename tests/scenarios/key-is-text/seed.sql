CREATE TABLE tag (name VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL, at DATETIME(6) NOT NULL, n INT, PRIMARY KEY (name, at));
INSERT INTO tag VALUES ('a', '2017-01-01', 1), ('B', '2017-01-01 00:00:00.000001', 2), ('\'', '2017-01-01', 3), ('', '1000-01-01', 4), ('🙈', '2017-01-01', 5), ('ä,', '2017-01-01', 6);
