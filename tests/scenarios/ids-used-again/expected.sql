CREATE TABLE expected_invoice LIKE invoice;
INSERT INTO expected_invoice VALUES (1, 10, 'open'), (2, 20, 'open'), (3, 30, 'open'), (4, 40, 'open'), (5, 500, 'other'), (6, 600, 'other'), (7, 70, 'open'), (8, 80, 'open');
