INSERT INTO invoice VALUES (5, 500, 'other'), (6, 600, 'other');
