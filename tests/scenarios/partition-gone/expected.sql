CREATE TABLE expected_event LIKE event;
INSERT INTO expected_event VALUES (1, '2015-05-05', 'a'), (2, '2016-06-06', 'b');
