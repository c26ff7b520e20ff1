"""`python -m rdsrestore`: the command line."""

from rdsrestore.cli import main

main()
