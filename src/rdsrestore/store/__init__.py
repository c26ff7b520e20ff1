"""Runs on this machine's disk: a folder each, with the journal and the dumps."""
