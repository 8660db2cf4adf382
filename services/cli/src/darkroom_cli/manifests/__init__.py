"""Manifest files: reading, checking, and resolving what they refer to."""
