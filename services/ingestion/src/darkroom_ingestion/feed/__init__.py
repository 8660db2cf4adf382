"""The live feed: every replica tails the results and the dead letters for itself."""
