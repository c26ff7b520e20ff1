UPDATE p SET code = 'zz', n = 0 WHERE id = 1;
