"""A watch of references goes on where it was interrupted."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

from darkroom_operator.cluster import reference_watch
from darkroom_operator.cluster.reference_watch import ReferenceWatch
from darkroom_operator.cluster.references import Reference, References
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import SECRET

DIGITS = PipelineKey("demo", "digits")
Watch = Callable[[], Iterator[bytes]]


class Server:
    """Answers lists with version 7, and watches as told, one after the other. The last one stays silent."""

    def __init__(self, *watches: Watch) -> None:
        self._watches = list(watches)
        self.watched_from: list[str] = []
        self.waiting = threading.Event()

    def stream(self, _path: str, query: Mapping[str, str], _accept: str, _read_timeout_s: float) -> Iterator[bytes]:
        if "watch" not in query:
            return iter([b'{"metadata": {"resourceVersion": "7"}}'])
        self.watched_from.append(query["resourceVersion"])
        if self._watches:
            return self._watches.pop(0)()
        self.waiting.set()
        threading.Event().wait()
        raise AssertionError("unreachable")


def ends() -> Iterator[bytes]:
    yield from ()


def breaks() -> Iterator[bytes]:
    yield from ()
    raise ApiError(0, "Unreachable", "no data arrived")


def is_too_old() -> Iterator[bytes]:
    raise ApiError(410, "Gone", "too old resource version")
    yield b""


def says(version: str, kind: str = "BOOKMARK") -> Watch:
    metadata = {"name": "password", "namespace": "demo", "resourceVersion": version}

    def watch() -> Iterator[bytes]:
        yield json.dumps({"type": kind, "object": {"metadata": metadata}}).encode()

    return watch


@pytest.mark.parametrize(
    ("watches", "versions", "queued"),
    [
        ([breaks, ends, breaks], ["7", "7", "7", "7"], 1),
        ([says("9"), breaks], ["7", "9", "9"], 1),
        ([says("9", "MODIFIED"), breaks], ["7", "9", "9"], 2),
        ([says("9"), is_too_old], ["7", "9", "7"], 2),
    ],
    ids=["nothing has changed", "a bookmark", "a change", "the version is too old"],
)
def test_pipelines_are_queued_only_for_changes_that_may_have_been_missed(
    watches: list[Watch], versions: list[str], queued: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_watch, "_RETRY_S", 0.001)
    server, keys = Server(*watches), list[PipelineKey]()
    references = References(None)  # type: ignore[arg-type] # reads nothing
    references.add(DIGITS, Reference(SECRET, "demo", "password"))
    watch = ReferenceWatch(server, SECRET, "demo", references, keys.append)  # type: ignore[arg-type]

    watch.start()

    assert server.waiting.wait(10)
    assert server.watched_from == versions
    assert keys == [DIGITS] * queued
