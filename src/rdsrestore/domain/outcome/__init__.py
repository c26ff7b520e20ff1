"""How it ended, and what that means."""
