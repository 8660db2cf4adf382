"""What keeps the operator running: watches, the work queue and its threads, leader election, metrics."""
