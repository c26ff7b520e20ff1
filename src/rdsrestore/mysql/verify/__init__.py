"""What is there after the load, against what was planned."""
