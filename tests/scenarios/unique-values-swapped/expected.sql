CREATE TABLE expected_seat LIKE seat;
INSERT INTO expected_seat VALUES (1, 'B2'), (2, 'A1'), (3, 'C3'), (4, 'D4');
