"""Sizes, quantities and durations in the notation of manifests: `10Mi`, `500m`, `168h`."""

import math
import re
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

SIZE_PATTERN = r"^([0-9]+)(\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$"
DURATION_PATTERN = r"^([0-9]+(ms|s|m|h|d))+$"
QUANTITY_PATTERN = r"^([0-9]+(\.[0-9]+)?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
CPU_PATTERN = r"^([0-9]+m|[0-9]+(\.[0-9]+)?)$"

_SIZE_UNITS = {
    None: 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
_QUANTITY_UNITS: dict[str | None, int | Decimal] = {
    **_SIZE_UNITS, "m": Decimal("0.001"), "P": 10**15, "E": 10**18, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
_DURATION_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def parse_size(text: str) -> int:
    """Bytes in a Kubernetes quantity. Fractions of a byte are rounded up, as in Kubernetes.

    Raises:
        ValueError: `text` is not a quantity of bytes.
    """
    match = re.fullmatch(SIZE_PATTERN, text)
    if not match:
        raise ValueError(f"{text!r} is not a size: use a number with an optional unit, such as 500k or 10Mi")
    number = Decimal(match[1] + (match[2] or ""))
    return math.ceil(number * _SIZE_UNITS[match[3]])


def parse_quantity(text: str) -> Decimal:
    """The value of a Kubernetes quantity: `500m` is 0.5, `1Ki` is 1024.

    Raises:
        ValueError: `text` is not a quantity.
    """
    match = re.fullmatch(QUANTITY_PATTERN, text)
    if not match:
        raise ValueError(f"{text!r} is not a quantity: use a number with an optional unit, such as 500m or 2Gi")
    return Decimal(match[1]) * _QUANTITY_UNITS[match[3]]


def parse_duration_ms(text: str) -> int:
    """Milliseconds in a duration such as `1h30m` (the units of Go's time.Duration, and `d` for 24 hours).

    Raises:
        ValueError: `text` is not a duration.
    """
    if not re.fullmatch(DURATION_PATTERN, text):
        raise ValueError(f"{text!r} is not a duration: use numbers with units ms, s, m, h or d, such as 168h")
    return sum(int(number) * _DURATION_UNITS_MS[unit] for number, unit in re.findall(r"([0-9]+)(ms|[smhd])", text))


def parse_cpus(text: str | float) -> float:
    """Cores in a Kubernetes CPU quantity: `500m` is half a core.

    Raises:
        ValueError: `text` is not a CPU quantity.
    """
    text = str(text)
    if not re.fullmatch(CPU_PATTERN, text):
        raise ValueError(f"{text!r} is not a CPU quantity: use a number such as 2, 0.5 or 500m")
    return int(text[:-1]) / 1000 if text.endswith("m") else float(text)


class Size(str):
    """A quantity of bytes that keeps its original notation."""

    __slots__ = ()

    @property
    def in_bytes(self) -> int:
        """The size in bytes."""
        return parse_size(self)

    @classmethod
    def _validate(cls, value: str | int) -> "Size":
        parse_size(str(value))
        return cls(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        either = core_schema.union_schema([core_schema.str_schema(), core_schema.int_schema(ge=0)])
        return core_schema.no_info_after_validator_function(
            cls._validate, either, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"x-kubernetes-int-or-string": True, "pattern": SIZE_PATTERN}


class Duration(str):
    """A duration that keeps its original notation."""

    __slots__ = ()

    @property
    def in_ms(self) -> int:
        """The duration in milliseconds."""
        return parse_duration_ms(self)

    @classmethod
    def _validate(cls, value: str) -> "Duration":
        parse_duration_ms(value)
        return cls(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls._validate, core_schema.str_schema(), serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": DURATION_PATTERN}
