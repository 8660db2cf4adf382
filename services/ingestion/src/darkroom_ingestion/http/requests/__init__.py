"""Reading requests: bodies, media types, preferences, cursors."""
