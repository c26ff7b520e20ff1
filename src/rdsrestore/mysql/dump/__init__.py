"""A table's rows in a file: fetched, checked, kept."""
