"""Spans of OpenTelemetry, for images that are sampled. Off unless an exporter is configured."""
