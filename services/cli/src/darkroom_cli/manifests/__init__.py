"""Manifest files: reading, checking, and resolving references."""
