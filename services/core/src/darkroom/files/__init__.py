"""Checksums, locks and temporary folders."""
