CREATE TABLE expected_stock (id INT, n INT); INSERT INTO expected_stock VALUES (1, 5), (2, 6);
