"""Ids of images: UUID version 7, so that they sort by time."""

import os
import time


def new_image_id(now_ns: int | None = None) -> str:
    """A new id. RFC 9562, section 5.7: 48 bits of milliseconds, 12 bits of their fraction, 62 random bits.

    The fraction keeps the order of ids within a millisecond.
    """
    nanoseconds = time.time_ns() if now_ns is None else now_ns
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    time_and_version = milliseconds << 16 | 0x7000 | (rest << 12) // 1_000_000
    variant_and_random = 1 << 63 | int.from_bytes(os.urandom(8)) >> 2
    digits = (time_and_version << 64 | variant_and_random).to_bytes(16).hex()  # cheaper than to format a number
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
