INSERT INTO rates VALUES (9, 9.9, 'new');
