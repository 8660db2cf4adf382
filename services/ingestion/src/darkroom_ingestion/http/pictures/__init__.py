"""Thumbnails, handled without the framework."""
