"""Writing to production: in small transactions, guarded, with the way back saved before."""
