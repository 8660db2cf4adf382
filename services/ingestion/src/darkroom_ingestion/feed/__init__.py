"""The live feed: every replica tails all results and dead letters topics."""
