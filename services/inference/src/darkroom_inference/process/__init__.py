"""Worker processes: a single process of a stage, or the parent of several."""
