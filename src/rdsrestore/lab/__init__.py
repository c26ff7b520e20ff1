"""A small RDS on this machine: the cloud's API, real servers behind a firewall, backups, and a Slack."""
