SET foreign_key_checks = 0; DELETE FROM team WHERE id = 2; DELETE FROM person WHERE team_id = 2;
