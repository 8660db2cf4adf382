"""The cluster as the operator knows it: the cache, and the one way to change it."""
