CREATE TABLE expected_owner LIKE owner;
INSERT INTO expected_owner VALUES (1), (2);
