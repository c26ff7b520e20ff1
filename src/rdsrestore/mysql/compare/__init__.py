"""What the incident did to each row, and which rows can not go back."""
