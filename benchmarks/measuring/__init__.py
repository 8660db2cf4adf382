"""What every benchmark shares: rounds in turn, ratios to a baseline of the same run, reports and plots."""
