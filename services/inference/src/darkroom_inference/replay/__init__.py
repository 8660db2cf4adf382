"""Analysing old images again: a run of the stage over a part of the log, in a consumer group of its own."""
