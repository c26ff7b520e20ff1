"""Us against the tools that people use by hand, in turn, on the same data."""
