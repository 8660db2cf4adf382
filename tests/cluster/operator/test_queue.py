"""Mode Queue of a stage: more workers than partitions, and changes of the mode."""

import json

from tests.support.services.operator import Site
from tests.support.until import until


def _mode(site: Site) -> str:
    """The mode in the settings of the workers."""
    data = site.api.get(site.path("configmaps", "digits-classify"))["data"]
    return str(json.loads(data["stage.json"])["stage"]["mode"])


def test_a_stage_changes_to_mode_queue_and_back(running: Site) -> None:
    running.apply(running.manifest(replicas=2))
    group = f"{running.namespace}.digits.classify"
    assert running.wait_ready()["status"]["stages"][0]["consumerGroup"] == group

    queue = running.manifest(replicas=2)
    queue["spec"]["stages"][0] |= {"mode": "Queue", "replicas": 5}
    running.apply(queue)
    until(lambda: _mode(running) == "Queue", "the workers get the mode")
    (stage,) = running.wait_ready()["status"]["stages"]
    assert (stage["consumerGroup"], stage["readyReplicas"]) == (f"{group}.queue", 5)
    until(lambda: running.events().count("ModeChanged") == 1, "an Event says what happens to the images that wait")

    running.apply(running.manifest(replicas=2))
    until(lambda: running.events().count("ModeChanged") == 2, "an Event says it of the change back")
    assert running.wait_ready()["status"]["stages"][0]["consumerGroup"] == group
