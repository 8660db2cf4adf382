"""Replays of stored images: the stage, the range, and the worker process or the Job."""
