"""What is asked of production's binlog."""
