CREATE TABLE undone_item LIKE item;
