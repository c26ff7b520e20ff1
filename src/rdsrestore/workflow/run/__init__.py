"""A run under way."""
