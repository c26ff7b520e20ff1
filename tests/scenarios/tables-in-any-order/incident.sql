DELETE FROM line; DELETE FROM orders; DELETE FROM customer;
