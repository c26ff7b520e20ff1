"""Where two servers' rows of one table differ."""
