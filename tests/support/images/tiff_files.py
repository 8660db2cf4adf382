"""Hand-made TIFF files: kinds that Pillow can't write, and contradictory directories."""

import struct

Entry = tuple[int, str, list[int]]
"""(tag, struct format character of its values, values)."""

GREY, RGB = 1, 2

_TYPES = {"B": 1, "H": 3, "I": 4, "i": 9}


def directory(order: str, *entries: Entry, start: int = 8) -> bytes:
    """A TIFF header, a directory of `entries`, and their data."""
    data, values_at = b"", start + 2 + 12 * len(entries) + 4
    packed = b""
    for tag, letter, values in entries:
        content = struct.pack(f"{order}{len(values)}{letter}", *values)
        packed += struct.pack(f"{order}HHI", tag, _TYPES[letter], len(values))
        packed += content.ljust(4, b"\x00") if len(content) <= 4 else struct.pack(f"{order}I", values_at + len(data))
        data += content if len(content) > 4 else b""
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, start)
    return head + struct.pack(f"{order}H", len(entries)) + packed + bytes(4) + data


def tiff_file(
    strip: bytes, width: int, height: int, bits: list[int], photometric: int, *more: Entry, order: str = "<"
) -> bytes:
    """An uncompressed picture with one strip. Entries of `more` are before others of the same tag."""
    entries: list[Entry] = [
        *more,
        (256, "H", [width]),
        (257, "H", [height]),
        (258, "H", bits),
        (259, "H", [1]),
        (262, "H", [photometric]),
        (273, "I", [8]),
        (277, "H", [len(bits)]),
        (278, "H", [height]),
        (279, "I", [len(strip)]),
    ]
    padded = strip + bytes(len(strip) % 2)
    head = directory(order, *sorted(entries, key=lambda entry: entry[0]), start=8 + len(padded))
    return head[:8] + padded + head[8:]
