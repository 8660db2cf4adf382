"""Heads whose predictions have boxes: one decoder for each format, and what all of them do after it."""
