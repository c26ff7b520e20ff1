CREATE TABLE `select ``from`` where; --` (`order` INT, `naïve column` VARCHAR(20), `a``b` INT, PRIMARY KEY (`order`, `a``b`));
INSERT INTO `select ``from`` where; --` VALUES (1, 'eins', 1), (1, 'zwei', 2), (2, NULL, 1);
CREATE TABLE `expected_select ``from`` where; --` LIKE `select ``from`` where; --`;
INSERT INTO `expected_select ``from`` where; --` SELECT * FROM `select ``from`` where; --`;
