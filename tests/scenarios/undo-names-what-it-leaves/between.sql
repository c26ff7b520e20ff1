CREATE TRIGGER watched_gone AFTER DELETE ON watched FOR EACH ROW SET @gone = OLD.id;
