"""What the lab can't show, asked of a real account; run by scripts/first-contact."""
