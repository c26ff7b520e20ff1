CREATE TABLE expected_node LIKE node;
INSERT INTO expected_node VALUES (9, NULL), (1, 9), (8, 1), (2, 8), (7, 2), (3, 7), (5, NULL), (100, 5);
