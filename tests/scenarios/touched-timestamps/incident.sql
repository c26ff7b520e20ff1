UPDATE page SET text = 'gone' WHERE id < 3; DELETE FROM page WHERE id = 3;
