DELETE FROM customer WHERE id IN (2, 3);
