"""What the core needs from outside, as protocols; the adapters live in aws, mysql, notify and store."""
