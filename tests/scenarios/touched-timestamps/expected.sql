CREATE TABLE expected_page LIKE page;
INSERT INTO expected_page VALUES (1, 'one', '2015-01-01 01:01:01.000001', '2015-01-01'), (2, 'two', '2015-02-02', '2015-02-02'), (3, 'three', '2015-03-03', NULL);
