CREATE TABLE invoice (id INT AUTO_INCREMENT PRIMARY KEY, amount DECIMAL(9,2), status VARCHAR(9) NOT NULL);
INSERT INTO invoice VALUES (1, 10, 'open'), (2, 20, 'open'), (3, 30, 'open'), (4, 40, 'open'), (5, 50, 'open'), (6, 60, 'open'), (7, 70, 'open'), (8, 80, 'open');
