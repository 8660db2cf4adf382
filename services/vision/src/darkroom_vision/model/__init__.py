"""The model file: loading it, and resolving its input."""
