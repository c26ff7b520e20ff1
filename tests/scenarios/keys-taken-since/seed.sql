CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(50) UNIQUE, name VARCHAR(50));
INSERT INTO people VALUES (1, 'ada@x', 'Ada'), (2, 'bob@x', 'Bob'), (3, 'cyd@x', 'Cyd');
