"""MySQL and MariaDB: dumping, staging, comparing and loading."""
