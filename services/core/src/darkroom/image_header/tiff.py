"""The first directory of a TIFF file. EXIF data has the same structure.

Reads a directory like libtiff, so that both get the same size: the first of two equal tags is used, and integers may
have any width and sign.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 0x100
HEIGHT: Final = 0x101
ORIENTATION: Final = 0x112

SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Size of one value in bytes, by type."""
_MAX_ENTRIES = 4_096
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag: TIFF's `type` and `count`, and the `position` of its first value in the file."""

    type: int
    count: int
    position: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The first directory of `data`; `order` is `<` or `>`."""

    data: bytes
    order: str
    entries: Mapping[int, Entry]

    def numbers(self, tag: int, at_most: int = 16) -> tuple[int, ...]:
        """The tag's first integers; empty if it is absent or has another type.

        Raises:
            struct.error: the file ends before the tag's values.
        """
        entry = self.entries.get(tag)
        if entry is None or entry.type not in _INTEGERS:
            return ()
        return struct.unpack_from(
            f"{self.order}{min(entry.count, at_most)}{_INTEGERS[entry.type]}", self.data, entry.position
        )

    def number(self, tag: int) -> int | None:
        """The tag's only integer; None if it is absent, or has another type or several values."""
        entry = self.entries.get(tag)
        return self.numbers(tag)[0] if entry is not None and entry.count == 1 and self.numbers(tag) else None


def first_directory(data: bytes) -> Directory:
    """The first directory of a TIFF file or of EXIF data without its prefix.

    Raises:
        struct.error, IndexError: `data` ends within the directory.
        ValueError: `data` does not start with a byte order.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError("no byte order")
    big = data[2:4] in (b"\x2b\x00", b"\x00\x2b")
    (start,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    if start >= len(data):
        raise IndexError
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, start)
    first, head, inline = (start + 8, "HHQ", 8) if big else (start + 2, "HHI", 4)
    size = struct.calcsize(order + head) + inline
    entries: dict[int, Entry] = {}
    for i in range(min(count, _MAX_ENTRIES)):
        tag, kind, values = struct.unpack_from(order + head, data, first + i * size)
        position = first + (i + 1) * size - inline
        if SIZES.get(kind, 1) * values > inline:
            (position,) = struct.unpack_from(order + ("Q" if big else "I"), data, position)
        entries.setdefault(tag, Entry(kind, values, position))
    return Directory(data, order, entries)
