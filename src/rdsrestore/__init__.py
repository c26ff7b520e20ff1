"""Restore one table of an Amazon RDS database from its backups."""


def __getattr__(name: str) -> str:
    """Look the version up when somebody asks: it takes longer than everything else here."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - as said

        return version("rdsrestore")
    raise AttributeError(name)
