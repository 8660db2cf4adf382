"""The trace of an image from the log alone: a program that the command line runs, without store and service."""
