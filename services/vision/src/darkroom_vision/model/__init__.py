"""The model file: getting it, loading it, and resolving its input."""
