"""HTTP: the application, its routes, request bodies, and errors."""
