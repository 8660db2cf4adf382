"""A loop's work within the offset ranges and at the rate of a replay."""
