"""Heads whose predictions have boxes: a decoder for each format, and the steps that follow for all formats."""
