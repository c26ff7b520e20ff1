CREATE TABLE expected_p (id INT, code VARCHAR(10), n INT);
INSERT INTO expected_p VALUES (1, 'zz', 1);
CREATE TABLE expected_k (id INT, code VARCHAR(10));
INSERT INTO expected_k VALUES (30, 'zz'), (31, 'zz');
