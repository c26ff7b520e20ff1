"""Tables as the catalogue has them, and what can be said of them before any row is read."""
