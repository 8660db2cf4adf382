"""Autoscaling: what stages need, from one query per Kafka cluster, and the replicas of their Deployments."""
