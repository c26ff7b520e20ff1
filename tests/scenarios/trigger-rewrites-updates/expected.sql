CREATE TABLE expected_stock (id INT, n INT, note VARCHAR(9)); INSERT INTO expected_stock VALUES (1, 9, 'a'), (2, 9, 'b');
