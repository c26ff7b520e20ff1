CREATE TABLE w (id INT PRIMARY KEY, name VARCHAR(60) CHARACTER SET gbk, kind ENUM('a', x'A140') CHARACTER SET gbk);
INSERT INTO w VALUES (1, x'A140', 'a'), (2, x'C4E3', 2), (3, 'c', 'a');
