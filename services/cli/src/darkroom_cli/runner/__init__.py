"""The local runner: pipelines as processes on this machine."""
