CREATE TABLE expected_invoice LIKE invoice;
INSERT INTO expected_invoice VALUES (1, 10, 'open'), (2, 20, 'paid'), (3, 31, 'open'), (4, 40, 'open'), (5, 5, 'again'), (6, 60, 'paid'), (90, 1, 'fake'), (91, 2, 'paid'), (100, 100, 'open');
