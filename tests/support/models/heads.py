"""Heads chosen for outputs that a test makes up."""

from collections.abc import Sequence
from typing import Any

from darkroom.api.output import Output
from darkroom_vision.heads.base import Frame, Head, Result
from darkroom_vision.heads.choose import choose_head
from darkroom_vision.heads.trial import Trial
from darkroom_vision.imaging.geometry import UNCHANGED
from darkroom_vision.model.session import Port, Value

URI = "file:m.onnx"
LABELS = ["cat", "dog", "fox"]
FRAME = Frame((640, 480), UNCHANGED, (640, 480))


def port(name: str, kind: str = "tensor(float)") -> Port:
    """An output of a model, its shape left open."""
    return Port(name, kind, ())


def head_for(trial: Value, labels: list[str] | None = None, **spec: Any) -> Head:
    """The head that a stage with `output: spec` gets for a model whose one output, `scores`, is `trial`."""
    return choose_head(Trial(URI, (port("scores"),), [trial]), Output(**spec), labels)


def result(head: Head, outputs: Sequence[Value]) -> Result:
    """What `head` makes of the outputs for one image."""
    (found,) = head.results(outputs, [FRAME])
    return found
