"""Responses that need more than a document: streams, and answers to a body that is not read."""
