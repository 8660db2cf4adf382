"""One tick of the autoscaler: 1,000 stages at rest on a real broker. `python -m benchmarks.operator.tick`."""

import argparse
import time
from collections import Counter
from typing import Any, NoReturn

import confluent_kafka
from confluent_kafka.admin import AdminClient, NewTopic

from darkroom import names
from darkroom.kafka.connection import KafkaConnection, client_settings
from darkroom.kafka.lag_query import GroupLog
from darkroom.scaling.settings import TICK_S, Settings
from darkroom_cli.local_kafka import LocalKafka
from darkroom_operator.builders.metadata import stage_labels
from darkroom_operator.cluster.cache import Cache
from darkroom_operator.cluster.name_claims import NameClaims
from darkroom_operator.cluster.references import References
from darkroom_operator.cluster.served_kinds import ServedKinds
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.admin.lag import LagReader
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import DEPLOYMENT
from darkroom_operator.scaling.autoscaler import Autoscaler
from darkroom_operator.scaling.registry import Registry
from darkroom_operator.scaling.targets import Target
from darkroom_operator.status.events import EventRecorder

STAGES_OF_A_PIPELINE = 4
PARTITIONS = 4
TICKS = 8
_BATCH = 50


class _NoApiServer:
    """Stages at rest need no request."""

    def request(self, *request: Any) -> NoReturn:
        raise AssertionError(f"a tick at rest sent a request to the API server: {request}")


def main() -> None:
    """Measure, and print the wall time and the CPU time of a tick."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stages", type=int, default=1_000)
    stages = parser.parse_args().stages
    with LocalKafka() as kafka:
        settings = client_settings(KafkaConnection(bootstrap_servers=kafka.bootstrap_servers), "benchmark")
        keys = [PipelineKey("bench", f"p{number}") for number in range(stages // STAGES_OF_A_PIPELINE)]
        _create_topics(AdminClient(settings), keys)
        cache, registry, reports = Cache(), Registry(), Counter[str]()
        for key in keys:
            targets = tuple(_target(key, f"s{number}", settings) for number in range(STAGES_OF_A_PIPELINE))
            registry.put(key, targets)
            for number, target in enumerate(targets):
                cache.put(DEPLOYMENT, _deployment(target, f"{key.name}-{number}"))
                _commit(settings, target)
        kube = Kube(_NoApiServer(), _NoApiServer(), lambda *_: None)
        world = World(kube, cache, NameClaims(), ServedKinds(kube), References(kube), ())
        autoscaler = Autoscaler(
            world,
            registry,
            EventRecorder(kube, "benchmark"),
            LagReader(),
            reconcile=lambda _: None,
            count=lambda reason: reports.update([reason]),
        )
        for _ in range(TICKS):
            began, cpu = time.perf_counter(), time.process_time()
            autoscaler.decide_all()
            seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
            print(f"{stages} stages: {seconds:.2f} s, {cpu_s:.2f} s of CPU, {cpu_s / TICK_S:.1%} of a core")
        print(f"decisions: {dict(reports)}")
        autoscaler.close()


def _create_topics(admin: AdminClient, keys: list[PipelineKey]) -> None:
    topics = [NewTopic(names.images_topic(*key), PARTITIONS, 1) for key in keys]
    for start in range(0, len(topics), _BATCH):
        for future in admin.create_topics(topics[start : start + _BATCH]).values():
            future.result()


def _commit(settings: Any, target: Target) -> None:
    """Let the group exist, with a committed offset."""
    consumer = confluent_kafka.Consumer({**settings, "group.id": target.group})
    offsets = [confluent_kafka.TopicPartition(*partition, 0) for partition in target.log.all]
    consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()


def _target(key: PipelineKey, stage: str, kafka: Any) -> Target:
    log = GroupLog(names.images_topic(*key), PARTITIONS)
    return Target(key, stage, names.consumer_group(*key, stage), log, Settings(1, 4), kafka, acts=True)


def _deployment(target: Target, uid: str) -> dict[str, Any]:
    """A Deployment with one worker that is ready."""
    return {
        "metadata": {
            "name": target.deployment,
            "namespace": target.pipeline.namespace,
            "uid": uid,
            "resourceVersion": "1",
            "labels": stage_labels(*target.pipeline, target.stage),
            "annotations": {names.ANNOTATION_AUTOSCALED: "true"},
        },
        "spec": {"replicas": 1},
        "status": {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1},
    }


if __name__ == "__main__":
    main()
