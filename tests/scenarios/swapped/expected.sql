CREATE TABLE expected_rates LIKE rates;
INSERT INTO expected_rates VALUES (1, 1.1), (2, 2.2), (3, 3.3);
INSERT INTO rates (rate) SELECT 1 FROM DUAL WHERE 1 = 0;
