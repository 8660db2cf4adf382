"""The routes that only the web console needs: its files, thumbnails, and results in batches."""
