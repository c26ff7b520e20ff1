"""Find a moment where no binlog tells it: ask restored copies, and halve the time between two answers."""
