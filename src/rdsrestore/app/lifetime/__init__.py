"""How long what a run made lives: signs of life while it works, and what is kept after it."""
