"""Checks of what a pipeline needs: this machine, Kafka and a Kubernetes cluster. Decisions are pure."""
