"""Proxies in front of the service that are trusted."""
