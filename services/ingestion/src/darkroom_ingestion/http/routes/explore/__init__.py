"""Routes that filter, count and export images and their results."""
