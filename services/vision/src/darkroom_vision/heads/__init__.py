"""Heads: from a model's raw outputs to results, one module for each output type."""
