CREATE TABLE expected_paper LIKE paper;
INSERT INTO expected_paper VALUES (1, REPEAT('é', 2000000), REPEAT(0x00FF27, 2000000)), (2, 'short', NULL), (3, REPEAT('y', 9000000), '');
