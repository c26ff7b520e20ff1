DROP DATABASE case_database_dropped;
