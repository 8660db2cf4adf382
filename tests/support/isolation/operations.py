"""Every operation of the HTTP API on a pipeline, with a request that succeeds for a caller who may send it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from darkroom.access.right import Right
from tests.support.services.ingestion import JPEG

Ids = Mapping[str, str]
"""Path parameters: namespace, name, image_id, stage, partition, offset and redrive_id."""

_PIPELINE = "/v1/pipelines/{namespace}/{name}"
_READ, _READ_DEAD_LETTERS = (Right.READ,), (Right.READ_DEAD_LETTERS,)


@dataclass(frozen=True)
class Operation:
    """A method and a path of the OpenAPI document, and the rest of a request for it.

    Attributes:
        rights: all that it needs, written down here a second time.
        body: makes its JSON document, or an image.
        endless: whether its response has no end.
    """

    method: str
    path: str
    rights: tuple[Right, ...]
    body: Callable[[Ids], dict[str, Any] | bytes] | None = None
    endless: bool = False

    @property
    def label(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def has_ids(self) -> bool:
        """Whether its path names more than the pipeline."""
        return self.path.count("{") > 2

    def request(self, ids: Ids) -> dict[str, Any]:
        """The arguments of httpx.Client.request."""
        found: dict[str, Any] = {"method": self.method, "url": self.path.format_map(ids)}
        match self.body(ids) if self.body else None:
            case bytes() as image:
                found |= {"content": image, "headers": {"Content-Type": "image/jpeg"}}
            case dict() as document:
                found["json"] = document
        return found


def _get(path: str, rights: tuple[Right, ...] = _READ, **more: Any) -> Operation:
    return Operation("GET", _PIPELINE + path, rights, **more)


def _post(path: str, rights: tuple[Right, ...], body: Callable[[Ids], dict[str, Any] | bytes]) -> Operation:
    return Operation("POST", _PIPELINE + path, rights, body)


def _redrive(ids: Ids) -> dict[str, Any]:
    return {"stage": ids["stage"], "ids": [ids["image_id"]]}


OPERATIONS = (
    _get(""),
    _get("/status"),
    _get("/counts"),
    _get("/results"),
    _get("/events", endless=True),
    _get("/export"),
    _get("/images"),
    _post("/images", (Right.SUBMIT,), lambda _: JPEG),
    _get("/images/{image_id}"),
    _get("/images/{image_id}/trace"),
    _get("/images/{image_id}/content"),
    _get("/images/{image_id}/thumbnail"),
    _post("/images/{image_id}/analyze", (Right.SUBMIT, Right.READ), lambda ids: {"stages": [ids["stage"]]}),
    _get("/dead-letters", _READ_DEAD_LETTERS),
    _get("/dead-letters/{stage}/{partition}/{offset}/content", _READ_DEAD_LETTERS),
    _get("/dead-letters/{stage}/{partition}/{offset}/thumbnail", _READ_DEAD_LETTERS),
    _post("/dead-letters/redrive", (Right.REDRIVE,), _redrive),
    _post("/dead-letters/replay", (Right.REDRIVE,), _redrive),
    _get("/dead-letters/redrives", _READ_DEAD_LETTERS),
    _post("/dead-letters/redrives", (Right.REDRIVE,), lambda ids: {"stage": ids["stage"], "all": True}),
    _get("/dead-letters/redrives/{redrive_id}", _READ_DEAD_LETTERS),
    Operation("DELETE", f"{_PIPELINE}/dead-letters/redrives/{{redrive_id}}", (Right.REDRIVE,)),
)
