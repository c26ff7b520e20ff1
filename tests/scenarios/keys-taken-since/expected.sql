CREATE TABLE expected_people LIKE people;
INSERT INTO expected_people VALUES (1, 'ada@x', 'Ada'), (2, 'dan@x', 'Dan'), (10, 'CYD@x', 'Cyd again');
