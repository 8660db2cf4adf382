"""Worker processes: one process of a stage, or a parent of several."""
