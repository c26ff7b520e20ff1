SET foreign_key_checks = 0; DELETE FROM leaf; DELETE FROM node;  -- MySQL 9.7 refuses a cascade that comes back to its own table
