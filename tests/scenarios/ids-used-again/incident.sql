DELETE FROM invoice WHERE id > 4;
