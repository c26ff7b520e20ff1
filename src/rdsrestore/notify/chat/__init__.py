"""What every chat that is told of a run has in common: a thread of its own, retries, one message kept up to date."""
