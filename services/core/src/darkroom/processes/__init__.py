"""How a process that Darkroom starts begins and ends."""
