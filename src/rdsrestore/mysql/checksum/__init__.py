"""Rows and ranges of keys as digests that two servers can compare."""
