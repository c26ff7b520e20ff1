"""A run on a terminal of its own, which outlives the one that it was started in."""
