"""`python -m rdsrestore`: the command line."""

from rdsrestore.cli.main import main

main()
