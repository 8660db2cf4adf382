"""Darkroom: the contract that its services, its operator and its command line share."""

__version__ = "0.1.0"
"""The version of everything: packages, chart, CRD and images. `make generate` writes it into their files."""
