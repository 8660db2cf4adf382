"""The operator's runtime: watches, the work queue and its threads, leader election, metrics."""
