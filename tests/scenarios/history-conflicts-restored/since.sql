UPDATE invoice SET status = 'paid' WHERE id IN (2, 6, 91);
UPDATE invoice SET amount = 31 WHERE id = 3;
DELETE FROM invoice WHERE id IN (7, 8);
INSERT INTO invoice VALUES (5, 5, 'again'), (100, 100, 'open');
