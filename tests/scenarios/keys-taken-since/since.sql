INSERT INTO people VALUES (2, 'dan@x', 'Dan'), (10, 'CYD@x', 'Cyd again');
