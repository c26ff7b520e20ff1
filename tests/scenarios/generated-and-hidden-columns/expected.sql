CREATE TABLE expected_box LIKE box;
INSERT INTO expected_box (id, wide, high, secret) VALUES (1, 2, 3, 'x'), (2, 4, 5, NULL), (3, 6, 7, 'z');
