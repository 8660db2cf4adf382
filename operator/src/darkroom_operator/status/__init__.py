"""What the operator reports: findings, the status of a pipeline, Events."""
