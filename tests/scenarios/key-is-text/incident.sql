DELETE FROM tag WHERE n > 2; UPDATE tag SET name = 'b' WHERE n = 2; UPDATE tag SET n = NULL WHERE name = 'a';
