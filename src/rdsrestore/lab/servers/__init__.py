"""Real database servers, with real backups."""
