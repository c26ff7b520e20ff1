CREATE TABLE expected_long LIKE `üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü``x y`;
INSERT INTO expected_long VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
CREATE TABLE `long` AS SELECT * FROM `üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü``x y`;
