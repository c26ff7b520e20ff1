UPDATE rates SET rate = 0; DELETE FROM rates WHERE id = 3;
