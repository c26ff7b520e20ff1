CREATE TABLE log (text VARCHAR(20)); INSERT INTO log VALUES ('a'), ('b');
