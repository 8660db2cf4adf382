"""Arrays of PostgreSQL in its binary format. psycopg makes them too, but takes two to four times as long.

Source: PostgreSQL 17, src/backend/utils/adt/arrayfuncs.c (array_recv), and the functions that send each type.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

_TEXT_OID: Final = 25
_NUMBERS: Final = {"BIGINT": (20, 8, "q"), "INTEGER": (23, 4, "i"), "DOUBLE PRECISION": (701, 8, "d")}
"""The number, the size and the code of `struct` of each type."""

_NULL: Final = b"\xff\xff\xff\xff"
_head = struct.Struct(">5i").pack
_length = struct.Struct(">i").pack


class Array:
    """A parameter of a statement, which has to say the type, as in `%b::text[]`."""

    def __init__(self, sql_type: str, values: Sequence[Any]) -> None:
        self.packed = _texts(values) if sql_type == "TEXT" else _numbers(*_NUMBERS[sql_type], values)


def accept_arrays(connection: "psycopg.Connection[Any]") -> None:
    """Let statements on `connection` have arrays as parameters."""
    from psycopg.adapt import Dumper  # noqa: PLC0415 - an extra
    from psycopg.pq import Format  # noqa: PLC0415

    class AsItIs(Dumper):
        format = Format.BINARY

        def dump(self, obj: Array) -> bytes:
            return obj.packed

    connection.adapters.register_dumper(Array, AsItIs)


def _texts(values: Sequence[str | None]) -> bytes:
    return b"".join((_head_of(_TEXT_OID, values), *_with_lengths(values)))


def _with_lengths(values: Sequence[str | None]) -> Iterator[bytes]:
    for value in values:
        if value is None:
            yield _NULL
        else:
            text = value.encode()
            yield _length(len(text))
            yield text


def _numbers(oid: int, size: int, code: str, values: Sequence[float | None]) -> bytes:
    head = _head_of(oid, values)
    try:
        if None not in values:
            with_sizes: list[Any] = [size] * (2 * len(values))
            with_sizes[1::2] = values
            return head + struct.pack(">" + f"i{code}" * len(values), *with_sizes)
        one = struct.Struct(f">i{code}").pack
        return head + b"".join(_NULL if value is None else one(size, value) for value in values)
    except struct.error as error:
        raise OverflowError(str(error)) from None


def _head_of(oid: int, values: Sequence[Any]) -> bytes:
    """One dimension, which values may be null, and begins at 1."""
    return _head(1, 1, oid, len(values), 1)
