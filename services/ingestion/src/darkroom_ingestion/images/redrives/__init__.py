"""Redriving dead letters: single requests, and jobs in the background."""
