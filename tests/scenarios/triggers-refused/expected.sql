CREATE TABLE expected_item (id INT PRIMARY KEY);
CREATE TABLE expected_log (n INT);
