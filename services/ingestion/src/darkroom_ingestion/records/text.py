"""Text of the log in the form that every database accepts."""


def storable(text: str) -> str:
    """`text` without what databases refuse: NUL, and halves of surrogate pairs."""
    return text.replace("\x00", "").encode(errors="replace").decode()
