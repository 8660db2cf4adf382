"""The lifecycle of a worker process: options, metrics, the state of its loops, stopping."""
