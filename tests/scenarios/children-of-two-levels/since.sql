DELETE FROM line WHERE order_id = 30;
UPDATE visit SET customer_id = 3, page = 'late' WHERE id = 3;
INSERT INTO orders VALUES (31, 3);
