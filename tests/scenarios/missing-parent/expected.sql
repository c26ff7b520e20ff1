CREATE TABLE expected_pet (id INT PRIMARY KEY, owner_id INT);
INSERT INTO expected_pet VALUES (1, 1), (3, NULL);
