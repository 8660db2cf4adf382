"""The local runner: pipelines of Darkroom as processes on this machine."""
