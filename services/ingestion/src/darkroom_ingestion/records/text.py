"""Text of the log in the form that every database accepts."""


def at_most(size: int, text: str) -> str:
    """The beginning of `text` that has at most `size` bytes in UTF-8."""
    return text if len(text) * 4 <= size else text.encode()[:size].decode(errors="ignore")


def storable(text: str) -> str:
    """`text` without what databases refuse: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "").encode(errors="replace").decode()
