"""Results as workers publish them for most types of output: read in two thirds of the time that any JSON takes."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType


class _Part(msgspec.Struct, gc=False, rename="camel", forbid_unknown_fields=True):
    """Unknown fields are refused because what msgspec skips may have numbers that no double has."""


class _Box(_Part):
    x: float
    y: float
    width: float
    height: float
    angle: float | None = None


class UsualPrediction(_Part):
    """One class or object, without a mask and keypoints."""

    label: str
    index: int
    score: float
    box: _Box | UnsetType = UNSET


class _Model(_Part):
    name: str
    sha256: str
    external_data: dict[str, str] | None = None


class _Image(_Part):
    width: int
    height: int
    format: str


class _Timings(_Part):
    decode_ms: float
    preprocess_ms: float
    inference_ms: float


class _Source(_Part):
    topic: str
    partition: int
    offset: int


class _Worker(_Part):
    name: str
    process: int


class UsualResult(_Part):
    """`darkroom.events.Analyzed` with at least one prediction."""

    image_id: str
    stage: str
    model: _Model
    image: _Image
    predictions: Annotated[list[UsualPrediction], msgspec.Meta(min_length=1)]
    timings: _Timings
    source: _Source
    output_type: str = "Classification"
    dropped: int | None = None
    worker: _Worker | None = None
    generation: str | None = None


_decode = msgspec.json.Decoder(UsualResult).decode


def read_usual(value: bytes) -> tuple[UsualResult, str] | None:
    """The result in `value`, and its text; None if it has anything else, or if `read_json` has to read it."""
    try:
        return _decode(value), value.decode()
    except (ValueError, RecursionError):
        return None
