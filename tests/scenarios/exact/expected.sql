CREATE TABLE expected_rates LIKE rates;
INSERT INTO expected_rates VALUES (1, 1.1, 'a'), (2, 2.2, 'b'), (3, 3.3, NULL), (4, 4.4, 'd');
