"""The results store: a cache of the log. Deleted, it is rebuilt by reading the topics again."""
