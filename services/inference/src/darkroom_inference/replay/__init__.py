"""Replays: a stage analyses a range of the log again, in a separate consumer group."""
