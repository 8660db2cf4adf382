"""Child processes, threads and ports on this machine."""
