SET foreign_key_checks = 0; DROP TABLE team, player;
