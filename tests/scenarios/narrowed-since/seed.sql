CREATE TABLE note (id INT PRIMARY KEY, text VARCHAR(50), gone_soon INT);
INSERT INTO note VALUES (1, 'short', NULL), (2, 'much too long by now', NULL), (3, 'ok', NULL);
