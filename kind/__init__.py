"""A kind cluster and the images that run in it, with a container registry or without one: `python -m kind --help`."""
