"""How fast production is written to: as fast as whoever else is at work there hardly notices."""
