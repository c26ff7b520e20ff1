INSERT INTO k VALUES (30, 'zz'), (31, 'zz');
