"""The audit log: who has sent, read, redriven or was refused what."""
