"""The reconciliation of one pipeline: validation, topics and credentials, workers, status, deletion."""
