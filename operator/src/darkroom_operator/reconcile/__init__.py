"""Reconciling one pipeline: its steps, from validation to the removal of what it no longer needs."""
