"""Where the lab's process begins: `python -m rdsrestore.lab FOLDER OPTIONS`."""

import gc

gc.set_threshold(300_000)  # before moto loads: a third of its time would go to cycles that nobody finds

from rdsrestore.lab.daemon import main  # noqa: E402 - what the line above is for

if __name__ == "__main__":
    main()
