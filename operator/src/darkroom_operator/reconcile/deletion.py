"""The deletion of a pipeline: stop its workers, and keep or delete its topics according to its deletion policy.

The garbage collector deletes most objects; the finalizer covers only what it cannot delete.
"""

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom_operator.cluster.world import World
from darkroom_operator.kafka.strimzi.topics import delete_topic
from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import DEPLOYMENT, IMAGE_PIPELINE, KAFKA_TOPIC, KAFKA_USER
from darkroom_operator.kube.transport import Manifest


def needs_finalizer(pipeline: ImagePipeline) -> bool:
    """Whether the deletion of the pipeline needs work that the garbage collector does not do."""
    kafka = pipeline.spec.kafka
    if kafka.cluster is None:
        return pipeline.spec.deletion_policy == "Delete"
    elsewhere = (kafka.cluster.namespace or pipeline.namespace) != pipeline.namespace
    return elsewhere or pipeline.spec.deletion_policy == "Retain"


def has_finalizer(live: Manifest) -> bool:
    """Whether the operator's finalizer holds back the deletion of the pipeline."""
    return names.FINALIZER in live["metadata"].get("finalizers", [])


def set_finalizer(live: Manifest, world: World, *, wanted: bool) -> None:
    """Add or remove the operator's finalizer; other finalizers are not changed."""
    metadata = live["metadata"]
    manifest = {
        "apiVersion": IMAGE_PIPELINE.api_version,
        "kind": IMAGE_PIPELINE.name,
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            # Server-side apply without the UID would create a pipeline that was deleted.
            "uid": metadata["uid"],
            "finalizers": [names.FINALIZER] if wanted else [],
        },
    }
    try:
        world.cache.put(IMAGE_PIPELINE, world.kube.apply(IMAGE_PIPELINE, manifest))
    except ApiError as error:
        # A conflict means that the pipeline was deleted or has just been changed.
        key = metadata["namespace"], metadata["name"]
        if not error.is_conflict or world.kube.find(IMAGE_PIPELINE, *key) is not None:
            raise


def stop_workers(key: PipelineKey, world: World) -> None:
    """Delete the workers before their topics. If that is forbidden, the garbage collector deletes them later."""
    for live in world.cache.owned(DEPLOYMENT, key):
        try:
            world.remove(DEPLOYMENT, live)
        except ApiError as error:
            if error.is_transient:
                raise


def delete_strimzi_objects(key: PipelineKey, world: World, *, keep_topics: bool) -> None:
    """Delete the KafkaTopics and KafkaUsers.

    Does not wait for Strimzi's operators to remove their finalizers, because a namespace would hang in Terminating.
    """
    for live in world.cache.owned(KAFKA_TOPIC, key):
        delete_topic(live, world, keep=keep_topics)
    for live in world.cache.owned(KAFKA_USER, key):
        world.remove(KAFKA_USER, live)


def is_terminating(namespace: Manifest | None) -> bool:
    """Whether a namespace is being deleted or no longer exists."""
    return namespace is None or "deletionTimestamp" in namespace["metadata"]
