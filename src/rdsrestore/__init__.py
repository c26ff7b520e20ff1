"""Restore one table of an Amazon RDS database from its backups."""
