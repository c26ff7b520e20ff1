"""What the account holds."""
