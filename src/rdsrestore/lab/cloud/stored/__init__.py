"""What the account keeps of instances: automated backups and snapshots."""
