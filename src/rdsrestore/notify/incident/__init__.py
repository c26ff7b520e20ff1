"""What a run was, for whoever asks afterwards: read from its journal, and written as a page, as text or as JSON."""
