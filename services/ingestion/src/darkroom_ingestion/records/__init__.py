"""The contents of the log as plain data: received images, results, failures."""
