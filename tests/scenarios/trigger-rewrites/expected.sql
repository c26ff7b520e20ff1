CREATE TABLE expected_stock (id INT, n INT); INSERT INTO expected_stock VALUES (4, 0);
