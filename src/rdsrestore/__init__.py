"""Restore one table of an Amazon RDS database from its backups."""

from importlib.metadata import version

__version__ = version("rdsrestore")
