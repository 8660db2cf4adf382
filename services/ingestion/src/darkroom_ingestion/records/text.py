"""Normalises text of the log, so that every database accepts it."""


def at_most(size: int, text: str) -> str:
    """`text`, truncated to at most `size` bytes in UTF-8."""
    return text if len(text) * 4 <= size else text.encode()[:size].decode(errors="ignore")


def storable(text: str) -> str:
    """`text` without the characters that databases refuse: NUL, and halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode(errors="replace").decode()
