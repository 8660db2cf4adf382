"""Rules of single stages: input, output, pod template."""
