"""Single keys: what they mean in a list of choices, and the mode that the terminal has for them."""
