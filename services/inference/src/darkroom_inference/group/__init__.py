"""The consumer group: its protocol, and rejoining it after an inconsistency."""
