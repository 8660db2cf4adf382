"""Programs that the benchmark starts, to be measured in processes of their own."""
