DELETE FROM paper WHERE id = 1; UPDATE paper SET body = REPEAT('x', 9000000) WHERE id = 3;
