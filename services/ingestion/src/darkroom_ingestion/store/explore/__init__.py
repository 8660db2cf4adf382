"""Finds images by what is known about them, and reads the rows of many."""
