"""The model file: where it comes from, its session, and what it takes as input."""
