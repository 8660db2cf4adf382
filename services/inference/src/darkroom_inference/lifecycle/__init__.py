"""A worker process over time: options, metrics, the state of its loops, stopping."""
