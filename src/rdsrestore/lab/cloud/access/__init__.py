"""Whether a policy lets a caller do what it asks."""
