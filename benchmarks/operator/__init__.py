"""The cost of the operator."""
