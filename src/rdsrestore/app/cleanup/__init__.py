"""What runs left is removed."""
