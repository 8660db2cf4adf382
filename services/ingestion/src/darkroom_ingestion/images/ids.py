"""Ids of images: UUID version 7, so that they sort by time."""

import os
import time


def new_image_id(now_ns: int | None = None) -> str:
    """A new id. RFC 9562, section 5.7: 48 bits of milliseconds, 12 bits of their fraction, 62 random bits.

    The fraction keeps the order of ids within a millisecond.
    """
    nanoseconds = time.time_ns() if now_ns is None else now_ns
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    random = int.from_bytes(os.urandom(8)) & (2**62 - 1)
    digits = f"{milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | random:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
