"""The operator's reports: findings, the status of a pipeline, Events."""
