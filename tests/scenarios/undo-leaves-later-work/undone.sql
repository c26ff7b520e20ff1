CREATE TABLE undone_rates LIKE rates;
INSERT INTO undone_rates VALUES (1, 1.1, 'paid'), (2, 0, ''), (3, 3.3, 'paid'), (4, 4.4, 'paid'), (10, 10, 'new');
