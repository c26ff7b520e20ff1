"""Production's binlog: fetched whole, read as bytes, told as what was done to tables."""
