"""The root of every exception that Darkroom raises on purpose."""


class DarkroomError(Exception):
    """Something a person can act on. The message says what is wrong, where, and what to do."""
