CREATE TABLE customer (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE orders (id INT PRIMARY KEY, customer_id INT NOT NULL, FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE);
CREATE TABLE line (order_id INT, no INT, what VARCHAR(20), PRIMARY KEY (order_id, no), FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE);
CREATE TABLE visit (id INT PRIMARY KEY, customer_id INT NULL, page VARCHAR(20), FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE SET NULL);
INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bob'), (3, 'Cyd');
INSERT INTO orders VALUES (10, 1), (20, 2), (21, 2), (30, 3);
INSERT INTO line VALUES (10, 1, 'pen'), (20, 1, 'ink'), (20, 2, 'nib'), (21, 1, 'cup'), (30, 1, 'hat');
INSERT INTO visit VALUES (1, 1, 'home'), (2, 2, 'home'), (3, 2, 'cart'), (4, NULL, 'home');
