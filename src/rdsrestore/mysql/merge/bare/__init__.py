"""A new table that gets its indexes once its rows are in."""
