"""What the informer queues."""

from typing import Any

import pytest

from darkroom_operator.cluster.cache import Cache
from darkroom_operator.cluster.name_claims import NameClaims
from darkroom_operator.cluster.references import Reference, References
from darkroom_operator.kube.api import Page
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import CONFIG_MAP, IMAGE_PIPELINE, KAFKA, Kind
from darkroom_operator.runtime.informer import Informer

DIGITS, OTHER = PipelineKey("demo", "digits"), PipelineKey("demo", "digits-a")


class Informed:
    """An informer, and the keys that it has queued since they were last taken."""

    def __init__(self) -> None:
        self._queued: list[PipelineKey] = []
        self.references = References(None)  # type: ignore[arg-type] # reads nothing
        self.informer = Informer(Cache(), NameClaims(), self.references, self._queued.append)

    def listed(self, kind: Kind, *objects: dict[str, Any], version: int = 100) -> set[PipelineKey]:
        """The keys that a list queues."""
        self.informer.replace_all(kind, [Page(list(objects), version)], None)
        return self.taken()

    def taken(self) -> set[PipelineKey]:
        found = set(self._queued)
        self._queued.clear()
        return found


@pytest.fixture
def informed() -> Informed:
    return Informed()


def an_object(name: str, version: int = 1, labels: dict[str, str] | None = None, **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "demo", "uid": name, "resourceVersion": str(version), "labels": labels or {}}
    return {"metadata": metadata, **rest}


def a_pipeline(name: str, *stages: str, version: int = 1) -> dict[str, Any]:
    return an_object(name, version, spec={"stages": [{"name": stage} for stage in stages]})


def test_a_second_list_queues_nothing_if_nothing_has_changed(informed: Informed) -> None:
    owned = an_object("x", labels={"darkroom.dev/namespace": "demo", "darkroom.dev/pipeline": "digits"})
    lists = [(IMAGE_PIPELINE, a_pipeline("digits", "a")), (KAFKA, an_object("events")), (CONFIG_MAP, owned)]
    informed.references.add(DIGITS, Reference(KAFKA, "demo", "events"))
    for kind, live in lists:
        assert informed.listed(kind, live) == {DIGITS}
    for kind, live in lists:
        assert informed.listed(kind, live) == set()


def test_a_list_queues_what_has_changed_since_the_last(informed: Informed) -> None:
    informed.references.add(DIGITS, Reference(KAFKA, "demo", "events"))
    informed.listed(IMAGE_PIPELINE, a_pipeline("digits", "a"), a_pipeline("digits-a", "b"))
    informed.listed(KAFKA, an_object("events"))
    assert informed.listed(IMAGE_PIPELINE, a_pipeline("digits", "a", version=2), a_pipeline("digits-a", "b")) == {
        DIGITS
    }
    assert informed.listed(KAFKA, an_object("events", version=2)) == {DIGITS}


def test_a_list_without_a_pipeline_queues_it_and_those_that_wanted_its_names(informed: Informed) -> None:
    informed.listed(IMAGE_PIPELINE, a_pipeline("digits", "a-b"), a_pipeline("digits-a", "b"))
    assert informed.listed(IMAGE_PIPELINE, a_pipeline("digits-a", "b"), version=200) == {DIGITS, OTHER}


def test_an_event_of_a_known_version_queues_nothing(informed: Informed) -> None:
    informed.listed(IMAGE_PIPELINE, a_pipeline("digits", "a"))
    informed.informer.apply_event(IMAGE_PIPELINE, a_pipeline("digits", "a"))
    assert informed.taken() == set()
    informed.informer.apply_event(IMAGE_PIPELINE, a_pipeline("digits", "a"), deleted=True)
    assert informed.taken() == {DIGITS}
