"""The end of a pipeline: its workers stop, its topics stay or go as its policy says, and nothing else remains.

The garbage collector does most of it; the finalizer is there only for what it can't do.
"""

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.strimzi_topics import retire_topic
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.kinds import DEPLOYMENT, IMAGE_PIPELINE, KAFKA_TOPIC, KAFKA_USER
from darkroom_operator.kube.transport import Manifest
from darkroom_operator.runtime.work_queue import Key


def needs_finalizer(pipeline: ImagePipeline) -> bool:
    """Whether something is left to do when the pipeline is deleted that no garbage collector does."""
    kafka = pipeline.spec.kafka
    if kafka.cluster is None:
        return pipeline.spec.deletion_policy == "Delete"
    elsewhere = (kafka.cluster.namespace or pipeline.namespace) != pipeline.namespace
    return elsewhere or pipeline.spec.deletion_policy == "Retain"


def has_finalizer(live: Manifest) -> bool:
    """Whether our finalizer keeps the pipeline from going."""
    return names.FINALIZER in live["metadata"].get("finalizers", [])


def set_finalizer(live: Manifest, world: World, *, wanted: bool) -> None:
    """Put our finalizer on, or take it off; others' are left alone."""
    metadata = live["metadata"]
    manifest = {
        "apiVersion": IMAGE_PIPELINE.api_version,
        "kind": IMAGE_PIPELINE.name,
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            # Of this very pipeline: server-side apply would make one that is gone anew.
            "uid": metadata["uid"],
            "finalizers": [names.FINALIZER] if wanted else [],
        },
    }
    try:
        world.cache.put(IMAGE_PIPELINE, world.kube.apply(IMAGE_PIPELINE, manifest))
    except ApiError as error:
        # A conflict may mean that it is gone, or only that somebody else was quicker.
        there = metadata["namespace"], metadata["name"]
        if not error.is_conflict or world.kube.find(IMAGE_PIPELINE, *there) is not None:
            raise


def stop_workers(key: Key, world: World) -> None:
    """Delete the workers before their topics; where we may not, the garbage collector does it soon enough."""
    for live in world.cache.owned(DEPLOYMENT, key):
        try:
            world.remove(DEPLOYMENT, live)
        except ApiError as error:
            if error.is_passing:
                raise


def retire_strimzi_objects(key: Key, world: World, *, keep_topics: bool) -> None:
    """Delete the KafkaTopics and KafkaUsers.

    What then waits for an operator of Strimzi to let it go is left to that operator: a namespace must not hang because
    we wait as well.
    """
    for live in world.cache.owned(KAFKA_TOPIC, key):
        retire_topic(live, world, keep=keep_topics)
    for live in world.cache.owned(KAFKA_USER, key):
        world.remove(KAFKA_USER, live)


def is_ending(namespace: Manifest | None) -> bool:
    """Whether a namespace is being deleted, or is gone."""
    return namespace is None or "deletionTimestamp" in namespace["metadata"]
