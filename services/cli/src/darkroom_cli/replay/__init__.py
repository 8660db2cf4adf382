"""Replays of stored images: which stage, which range, and the worker process or Job that does it."""
