"""From what was typed, the settings and an earlier run to a complete request."""
