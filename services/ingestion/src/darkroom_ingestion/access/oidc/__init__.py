"""Callers that an OpenID Connect provider has signed in: ID tokens, and the login in a browser."""
