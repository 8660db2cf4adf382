"""Darkroom: the contract that its services, its operator and its command line share."""
