"""`python -m rdsrestore.lab`: the lab's commands alone."""

from rdsrestore.lab.cli import app

app()
