CREATE TABLE expected_rates_then LIKE rates;
INSERT INTO expected_rates_then VALUES (1, 1.1, 'a'), (2, 2.2, 'b'), (3, 3.3, NULL), (4, 4.4, 'd');
CREATE TABLE expected_rates LIKE rates;
INSERT INTO expected_rates VALUES (1, 1.1, 'a'), (2, 0, ''), (3, 0, ''), (9, 9.9, 'new');
