"""Special responses: streams, downloads, and responses to requests whose body is not read."""
