UPDATE rates SET note = 'paid' WHERE id IN (1, 3, 4);
INSERT INTO rates VALUES (10, 10, 'new');
