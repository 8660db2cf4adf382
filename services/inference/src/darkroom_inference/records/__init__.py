"""The records that a worker reads and writes: images, results, dead letters."""
