UPDATE rates SET rate = 0, note = '' WHERE id IN (2, 3);
DELETE FROM rates WHERE id = 4;
