"""The session of a browser: a sealed cookie that holds the credential of its user."""
