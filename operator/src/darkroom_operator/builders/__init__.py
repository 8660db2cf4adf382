"""Pure functions that build the desired objects, one module for each kind."""
