"""Limits for callers: how much of the service one of them may use."""
