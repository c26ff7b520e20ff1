"""A run's record, and the run read back from it."""
