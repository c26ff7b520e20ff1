"""Use cases: what a command does, from settings and a request to the summary."""
