CREATE TABLE team (id INT PRIMARY KEY, chief INT NULL);
CREATE TABLE person (id INT PRIMARY KEY, team_id INT NOT NULL, CONSTRAINT in_team FOREIGN KEY (team_id) REFERENCES team (id));
SET foreign_key_checks = 0;
INSERT INTO team VALUES (1, 11), (2, 21);
INSERT INTO person VALUES (11, 1), (12, 1), (21, 2), (22, 2);
SET foreign_key_checks = 1;
ALTER TABLE team ADD CONSTRAINT led_by FOREIGN KEY (chief) REFERENCES person (id);
