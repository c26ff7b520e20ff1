"""How a server is reached, and logged in to."""
