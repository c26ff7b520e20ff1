CREATE TABLE team (id INT PRIMARY KEY, captain INT);
CREATE TABLE player (id INT PRIMARY KEY, team INT NOT NULL, CONSTRAINT plays_for FOREIGN KEY (team) REFERENCES team (id));
ALTER TABLE team ADD CONSTRAINT led_by FOREIGN KEY (captain) REFERENCES player (id);
INSERT INTO team VALUES (1, NULL), (2, NULL); INSERT INTO player VALUES (10, 1), (20, 2); UPDATE team SET captain = 10 * id;
