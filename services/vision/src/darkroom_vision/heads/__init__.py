"""Heads: they turn a model's raw outputs into fields of an analyzed event. One module per output type."""
