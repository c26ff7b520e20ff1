CREATE TABLE expected_w (id INT, v VARCHAR(9) CHARACTER SET utf8mb4, at TIMESTAMP NULL); INSERT INTO expected_w VALUES (1, 'a', NULL), (2, 'é', '2017-06-01 10:14:00');
CREATE TABLE expected_c (id INT, w INT); INSERT INTO expected_c VALUES (1, 2), (2, NULL);
CREATE TABLE expected_defaults (charset TEXT, collation TEXT); INSERT INTO expected_defaults VALUES ('latin1', 'latin1_swedish_ci');
CREATE TABLE defaults SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'case_database_dropped';
