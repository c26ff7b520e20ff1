DROP TABLE deeds;
