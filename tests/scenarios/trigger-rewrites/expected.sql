CREATE TABLE expected_stock (id INT, n INT);
