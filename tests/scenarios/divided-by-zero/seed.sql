SET SESSION sql_mode = '';
CREATE TABLE rate (id INT PRIMARY KEY, n INT, q DOUBLE AS (100 / n) STORED);
INSERT INTO rate (id, n) VALUES (1, 5), (2, 0), (3, 4);
CREATE TABLE expected_rate (id INT PRIMARY KEY, n INT, q DOUBLE);
INSERT INTO expected_rate SELECT * FROM rate;
