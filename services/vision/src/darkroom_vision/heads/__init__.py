"""Heads: a model's raw outputs as the fields of an analyzed event, one module for each type of output."""
