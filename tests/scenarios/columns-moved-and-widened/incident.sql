DELETE FROM stock WHERE id = 3; UPDATE stock SET amount = 0 WHERE id = 2;
