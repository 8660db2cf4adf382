"""The commands and their options. The work is imported when a command runs, so that `--help` is quick."""
