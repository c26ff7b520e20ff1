CREATE TABLE word (id INT PRIMARY KEY, text VARCHAR(20) COLLATE utf8mb4_general_ci, raw VARBINARY(20), ratio DOUBLE, doc JSON, flag BIT(3), note CHAR(5));
INSERT INTO word VALUES (1, 'a', 0x00, 0.1, '{"a": 1, "b": 2}', b'1', 'x'), (2, NULL, '', 1.0000000000000002, NULL, b'0', ''), (3, '', NULL, 0, '[]', NULL, NULL), (4, 'é', 'a', NULL, '"0"', b'111', '0'), (5, 'a', 'a', 5, '1', b'1', 'x');
