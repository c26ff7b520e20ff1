CREATE TABLE expected_Rates LIKE Rates;
INSERT INTO expected_Rates VALUES (1, 10), (2, 20);
CREATE TABLE expected_rates LIKE rates;
