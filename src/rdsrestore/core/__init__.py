"""What the job is, on the standard library alone."""
