"""From nothing but the tool's name to a whole command line, question by question."""
