"""`rdsrestore`, also as `python -m rdsrestore`: the command line."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until a command begins, Ctrl-C ends the program without a word

from rdsrestore.cli.main import main

if __name__ == "__main__":
    main()
