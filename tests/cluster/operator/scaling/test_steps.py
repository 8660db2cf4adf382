"""Steps of the number of workers, on a real API server and broker. Time passes faster for the autoscaler."""

from itertools import count

import pytest

from tests.support.kafka import SharedKafka
from tests.support.kube.api import Manifest
from tests.support.kube.follower import Follower
from tests.support.scaling.autoscaled_site import PARTITIONS, Commits, autoscaling, manifest, replicas, send
from tests.support.services.operator import Site
from tests.support.until import until

STARTING_S = 120.0
TICKS_S = 90.0
IMAGES = 8_000
COST = "controller.kubernetes.io/pod-deletion-cost"

# Twenty times faster, so that a decision every 0.75 seconds is one every 15 seconds of the rule's time.
TICK = ("--scaling-seconds", "0.75")
_FASTER = """
import functools, time
from darkroom_operator import __main__ as operator
operator.Autoscaler = functools.partial(operator.Autoscaler, clock=lambda: 20 * time.monotonic())
operator.main()
"""


@pytest.fixture
def hurried(here: Site, kafka: SharedKafka) -> Site:
    """A site with everything running, whose autoscaler's time passes twenty times faster."""
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.put_model()
    here.start_operator(*TICK, program=("-c", _FASTER))
    here.apply(manifest(here, {"min": 1, "max": PARTITIONS, "scaleDownDelay": "15s"}))
    here.wait_ready(timeout_s=STARTING_S)
    return here


def test_a_stage_without_progress_is_stuck_and_gets_no_more_workers(hurried: Site, kafka: SharedKafka) -> None:
    here = hurried
    send(kafka, here, IMAGES)

    until(lambda: autoscaling(here).get("reason") == "Stuck", "no worker makes progress", TICKS_S)
    assert f"{IMAGES} images wait" in here.wait_reason("Stuck")
    assert (replicas(here), autoscaling(here)["desired"]) == (1, 1)

    Commits(kafka, here).to(10)
    until(lambda: autoscaling(here).get("reason") != "Stuck", "a worker made progress", TICKS_S)
    here.wait_ready(timeout_s=TICKS_S)


def test_a_backlog_adds_workers_and_the_newest_go_first_step_by_step(hurried: Site, kafka: SharedKafka) -> None:
    here = hurried
    pods = _Pods(here)
    try:
        until(lambda: len(pods.seen) == 1, "the minimum runs")
        (oldest,) = pods.seen
        send(kafka, here, IMAGES)
        commits, offsets = Commits(kafka, here), count(1)

        def has_most_after_some_progress() -> bool:
            commits.to(next(offsets))
            return replicas(here) == PARTITIONS

        until(has_most_after_some_progress, "workers are added", TICKS_S)
        until(lambda: "BacklogNeedsMore" in here.events(), "an Event says why")
        until(lambda: len(pods.seen) == PARTITIONS, "their pods run")

        commits.to(IMAGES // PARTITIONS)
        until(lambda: replicas(here) == 1, "workers are removed", TICKS_S)
        until(lambda: len(pods.gone) == PARTITIONS - 1, "their pods go")
        until(lambda: here.events().count("LessNeeded") == 2, "from four to two, and to one")
        assert pods.seen - pods.gone == {oldest}
        assert pods.marked == pods.gone
    finally:
        pods.stop()


class _Pods:
    """The UIDs of the workers' pods: those that there were, those with a low deletion cost, and those that are gone."""

    def __init__(self, here: Site) -> None:
        self.seen: set[str] = set()
        self.marked: set[str] = set()
        self.gone: set[str] = set()
        selector = {"labelSelector": "darkroom.dev/stage=classify"}
        self._follower = Follower(here.api, here.path("pods"), self._changed, self._left, **selector)
        self._follower.start()

    def stop(self) -> None:
        self._follower.stop()

    def _changed(self, pod: Manifest) -> None:
        metadata = pod["metadata"]
        self.seen.add(metadata["uid"])
        if int(metadata.get("annotations", {}).get(COST, 0)) < 0:
            self.marked.add(metadata["uid"])

    def _left(self, pod: Manifest) -> None:
        self.gone.add(pod["metadata"]["uid"])
