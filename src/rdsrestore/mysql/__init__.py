"""MySQL and MariaDB: everything that speaks their SQL or runs their programs."""
