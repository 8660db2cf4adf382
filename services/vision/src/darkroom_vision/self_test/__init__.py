"""Self-tests: a stage's results for given images, compared with the expected ones."""
