"""Redrives of dead letters in the store: claims of single letters, and jobs."""
