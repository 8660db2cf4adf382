"""Memory and lag of the services over time."""
