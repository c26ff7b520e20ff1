CREATE TABLE expected_team (id INT, captain INT); INSERT INTO expected_team VALUES (1, 10), (2, 20);
CREATE TABLE expected_player (id INT, team INT); INSERT INTO expected_player VALUES (10, 1), (20, 2);
