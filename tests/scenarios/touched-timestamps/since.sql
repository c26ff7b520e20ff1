UPDATE page SET text = 'mine' WHERE id = 2;
