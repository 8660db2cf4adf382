"""Plain uploads, handled without the framework."""
