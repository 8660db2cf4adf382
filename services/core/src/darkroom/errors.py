"""The base class of Darkroom's exceptions."""


class DarkroomError(Exception):
    """An error that a user can act on. The message says what is wrong, where it is, and what to do."""
