"""Names are pure functions of the pipeline, valid in Kafka, and unique."""

import re

from hypothesis import given
from hypothesis import strategies as st

from darkroom import names

labels = st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?\Z")
KAFKA_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")  # Kafka: org.apache.kafka.common.internals.Topic


def test_the_names_are_those_of_the_reference() -> None:
    assert names.images_topic("demo", "digits") == "demo.digits.images"
    assert names.results_topic("demo", "digits", "classify") == "demo.digits.classify.results"
    assert names.dead_letters_topic("demo", "digits", "classify") == "demo.digits.classify.dead-letters"
    assert names.consumer_group("demo", "digits", "classify") == "demo.digits.classify"
    assert names.share_group("demo", "digits", "classify") == "demo.digits.classify.queue"
    assert names.child("digits", "classify") == "digits-classify"


@given(labels, labels, labels)
def test_every_name_is_a_legal_topic(namespace: str, pipeline: str, stage: str) -> None:
    topics = [
        names.images_topic(namespace, pipeline),
        names.results_topic(namespace, pipeline, stage),
        names.dead_letters_topic(namespace, pipeline, stage),
    ]
    assert all(KAFKA_NAME.fullmatch(topic) for topic in topics)
    assert len(set(topics)) == 3


@given(st.lists(st.tuples(labels, labels, labels), min_size=2, max_size=2, unique=True))
def test_no_two_stages_share_a_topic_or_a_group(stages: list[tuple[str, str, str]]) -> None:
    one, other = stages
    for name in (names.results_topic, names.dead_letters_topic, names.consumer_group):
        assert name(*one) != name(*other)
    assert names.replay_group(*one, "new-model") != names.replay_group(*other, "new-model")


@given(labels, labels, labels, labels)
def test_the_prefix_of_a_stages_replays_covers_only_its_replays(ns: str, pipeline: str, one: str, other: str) -> None:
    prefix = names.replay_group_prefix(ns, pipeline, one)
    assert names.replay_group(ns, pipeline, one, "new-model").startswith(prefix)
    assert not names.consumer_group(ns, pipeline, other).startswith(prefix)
    if one != other:
        assert not names.replay_group(ns, pipeline, other, "new-model").startswith(prefix)


@given(st.text(max_size=300))
def test_a_topic_of_a_users_own_has_a_name_that_kafka_takes(name: str) -> None:
    assert names.is_topic(name) == (KAFKA_NAME.fullmatch(name) is not None and name not in {".", ".."})


@given(labels, labels, labels, labels)
def test_the_prefix_of_a_stages_transactions_covers_no_other_stage(
    ns: str, pipeline: str, one: str, other: str
) -> None:
    prefix = names.transactional_id_prefix(ns, pipeline, one)
    if one != other:
        assert not names.transactional_id_prefix(ns, pipeline, other).startswith(prefix)


@given(st.text(max_size=20), labels, labels)
def test_a_result_id_is_unique_per_stage_and_generation(image: str, one: str, other: str) -> None:
    assert names.result_id(image, one) == names.result_id(image, one)
    assert names.result_id(image, one) != names.result_id(image, one, "g1")
    if one != other:
        assert names.result_id(image, one) != names.result_id(image, other)
