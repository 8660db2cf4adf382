"""KafkaTopics: which of them have an owner."""

from darkroom.api.validation import parse_pipeline
from darkroom.topology import topology
from darkroom_operator.builders.kafka_topic import kafka_topic
from tests.unit.operator.builders.cases import manifest_of


def test_only_a_topic_that_goes_with_its_pipeline_has_an_owner() -> None:
    manifest = manifest_of("small")
    for policy, namespace, owners in (("Retain", "demo", 0), ("Delete", "demo", 1), ("Delete", "kafka", 0)):
        manifest["spec"]["deletionPolicy"] = policy
        pipeline = parse_pipeline(manifest)
        topic = kafka_topic(pipeline, topology(pipeline).images, "events", namespace)
        assert len(topic["metadata"].get("ownerReferences", [])) == owners, (policy, namespace)
