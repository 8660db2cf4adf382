"""The offset ranges and the rate limit of a replay, applied to a loop's work."""
