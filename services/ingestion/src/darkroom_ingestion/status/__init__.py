"""The status of a pipeline: its consumer groups, lag, rates, dead letters and conditions, and what to do."""
