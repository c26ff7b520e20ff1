CREATE TABLE expected_w LIKE w;
INSERT INTO expected_w VALUES (2, x'C4E3'), (3, x'A1A4');
