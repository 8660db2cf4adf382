"""Manifests as files: read, checked, and what they refer to found."""
