"""Child processes on this machine, and the threads, ports and file locks around them."""
