"""Logins, and how each session of ours is set."""
