"""What OpenTelemetry costs."""
