"""The commands: options and what they are for. The work is imported when a command runs, so that `--help` is quick."""
