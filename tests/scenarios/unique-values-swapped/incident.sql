UPDATE seat SET place = NULL; UPDATE seat SET place = 'B2' WHERE id = 1; UPDATE seat SET place = 'A1' WHERE id = 2; UPDATE seat SET place = 'D4' WHERE id = 3;
