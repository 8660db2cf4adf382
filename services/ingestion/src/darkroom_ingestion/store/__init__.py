"""The results store: a cache of the log. If it is deleted, it is rebuilt from the topics."""
