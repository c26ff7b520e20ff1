DELETE FROM `select ``from`` where; --` WHERE `order` = 1;
