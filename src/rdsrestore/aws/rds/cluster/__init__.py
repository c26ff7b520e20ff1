"""DB clusters: what a source's is like, and a temporary one restored, awaited and removed."""
