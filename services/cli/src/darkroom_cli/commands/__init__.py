"""The commands and their options. Implementations are imported when a command runs, so that `--help` is fast."""
