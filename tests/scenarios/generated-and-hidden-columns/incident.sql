UPDATE box SET secret = 'gone', wide = 9 WHERE id = 1; DELETE FROM box WHERE id > 1;
