"""The output of the commands: tables, trees, progress and JSON."""
