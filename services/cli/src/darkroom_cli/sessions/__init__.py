"""Runs of the longer commands: what each prints from start to end, how it handles signals, and its exit code."""
