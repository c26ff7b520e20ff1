UPDATE invoice SET amount = 0 WHERE id IN (1, 2, 3, 8);
DELETE FROM invoice WHERE id IN (4, 5);
INSERT INTO invoice VALUES (90, 1, 'fake'), (91, 2, 'fake');
