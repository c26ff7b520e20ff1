CREATE TABLE expected_word LIKE word;
INSERT INTO expected_word VALUES (1, 'a', 0x00, 0.1, '{"a": 1, "b": 2}', b'1', 'x'), (2, NULL, '', 1.0000000000000002, NULL, b'0', ''), (3, '', NULL, 0, '[]', NULL, NULL), (4, 'é', 'a', NULL, '"0"', b'111', '0'), (5, 'a', 'a', 5, '1', b'1', 'x');
