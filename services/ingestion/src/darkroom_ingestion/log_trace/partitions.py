"""The partition of a key, and the time in an id. Pure."""

import uuid

_MULTIPLIER, _SHIFT, _SEED = 0x5BD1E995, 24, 0x9747B28C
_MASK = 0xFFFFFFFF
_VERSION = 7


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Java's and Darkroom's producers choose for a key.

    Source: Kafka, org.apache.kafka.common.utils.Utils.murmur2, and BuiltInPartitioner.partitionForKey.
    """
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def time_of_id(image_id: str) -> int | None:
    """The time in a UUID version 7, in ms since 1970; None for other ids."""
    try:
        parsed = uuid.UUID(image_id)
    except ValueError:
        return None
    return parsed.int >> 80 if parsed.version == _VERSION else None


def _murmur2(data: bytes) -> int:
    length = len(data)
    hashed = (_SEED ^ length) & _MASK
    whole = length - length % 4
    for at in range(0, whole, 4):
        part = (int.from_bytes(data[at : at + 4], "little") * _MULTIPLIER) & _MASK
        part = ((part ^ part >> _SHIFT) * _MULTIPLIER) & _MASK
        hashed = ((hashed * _MULTIPLIER) & _MASK) ^ part
    if rest := data[whole:]:
        hashed = ((hashed ^ int.from_bytes(rest, "little")) * _MULTIPLIER) & _MASK
    hashed = ((hashed ^ hashed >> 13) * _MULTIPLIER) & _MASK
    return hashed ^ hashed >> 15
