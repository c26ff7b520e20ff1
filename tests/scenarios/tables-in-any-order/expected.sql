CREATE TABLE expected_customer LIKE customer;
INSERT INTO expected_customer VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cyd');
CREATE TABLE expected_orders LIKE orders;
INSERT INTO expected_orders VALUES (10, 1), (20, 2), (21, 2), (30, 3);
CREATE TABLE expected_line LIKE line;
INSERT INTO expected_line VALUES (10, 1, 'pen'), (20, 1, 'ink'), (20, 2, 'nib'), (21, 1, 'cup'), (30, 1, 'hat');
CREATE TABLE expected_visit LIKE visit;
INSERT INTO expected_visit VALUES (1, 1, 'home'), (2, 2, 'home'), (3, 2, 'cart'), (4, NULL, 'home');
