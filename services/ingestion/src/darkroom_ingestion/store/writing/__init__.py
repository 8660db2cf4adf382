"""Writing rows, and what they count, in one transaction."""
