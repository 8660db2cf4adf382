"""The AI service: one process runs one stage of a pipeline."""
