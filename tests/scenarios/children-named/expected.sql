CREATE TABLE expected_customer LIKE customer;
INSERT INTO expected_customer VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cyd');
CREATE TABLE expected_orders LIKE orders;
INSERT INTO expected_orders VALUES (10, 1), (30, 3);
