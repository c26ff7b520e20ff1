CREATE TABLE expected_team (id INT PRIMARY KEY, chief INT);
INSERT INTO expected_team VALUES (1, 11), (2, 21);
CREATE TABLE expected_person (id INT PRIMARY KEY, team_id INT);
INSERT INTO expected_person VALUES (11, 1), (12, 1), (21, 2), (22, 2);
