"""What the account says of production, its backups, and what the copy is to get."""
