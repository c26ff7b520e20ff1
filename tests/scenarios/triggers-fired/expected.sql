CREATE TABLE expected_item (id INT PRIMARY KEY);
CREATE TABLE expected_log (n INT);
INSERT INTO expected_item VALUES (1);
INSERT INTO expected_log VALUES (1);
