"""What the journals say: shown, verified, copied to where nobody can change them."""
