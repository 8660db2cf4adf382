"""What keeps the operator running: watches, the work queue, its threads, leader election."""
