"""Runs of the long-running commands: output, signals and exit codes."""
