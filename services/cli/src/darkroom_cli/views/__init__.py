"""What the commands print: tables, trees, progress and JSON."""
