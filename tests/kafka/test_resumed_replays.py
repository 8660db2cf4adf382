"""Replays that ended before they were complete: another run continues, and loses and repeats nothing."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.support.services.replay import ReplayProcess
from tests.support.services.replayed_images import all_of, as_they_are, ids_of, images
from tests.support.services.stage import TriedStage

Stage = Callable[..., TriedStage]
Replay = Callable[..., ReplayProcess]


@pytest.mark.parametrize("delivery", ["AtLeastOnce", "ExactlyOnce"])
def test_a_killed_replay_resumes_and_loses_nothing(stage: Stage, replay: Replay, delivery: str, tmp_path: Path) -> None:
    digits = stage(stage={"delivery": delivery}, loops=2)
    sent = images(900)
    digits.send(sent)
    # What a killed process leaves behind does not count as left behind by the tests.
    first = replay(digits, "--from", "beginning", "--rate", "300", environment={"TMPDIR": str(tmp_path)})
    first.until_analyzed(200)
    first.kill()
    # These images are after the range, which the first run has fixed.
    digits.send(images(50, first=900))
    second = replay(digits, "--rate", "0")
    ended = second.done()
    begun = second.said()[0]
    assert (begun["resumed"], begun["images"], ended["left"]) == (True, 900, 0)
    assert begun["left"] < 900
    replayed = Counter(ids_of("again", digits.results(all_of(sent))))
    assert set(replayed) == {image_id for image_id, _, _ in sent}
    if delivery == "ExactlyOnce":
        assert set(replayed.values()) == {1}
    third = replay(digits)
    assert third.done()["analyzed"] == 0
    assert third.said()[0]["left"] == 0


def test_it_starts_when_the_transaction_of_a_killed_replay_has_been_aborted(stage: Stage, replay: Replay) -> None:
    digits = stage(stage={"delivery": "ExactlyOnce"})
    digits.send(images(8))
    prefix, group = digits.settings.transactional_id_prefix, f"{digits.settings.consumer_group}.replay.again"
    # Longer than one request may take.
    left_open = Producer(
        {
            "bootstrap.servers": digits.settings.kafka.bootstrap_servers,
            "transactional.id": f"{prefix}killed",
            "transaction.timeout.ms": 12_000,
        }
    )
    left_open.init_transactions(20)
    left_open.begin_transaction()
    offsets = [TopicPartition(digits.settings.images_topic, 0, 1)]
    with closing(Consumer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers, "group.id": group})) as member:
        left_open.send_offsets_to_transaction(offsets, member.consumer_group_metadata(), 20)
    assert replay(digits, "--from", "beginning", "--rate", "0").done()["analyzed"] == 8


def test_at_sigterm_it_finishes_the_current_images_and_reports_the_rest(stage: Stage, replay: Replay) -> None:
    digits = stage(stage={"delivery": "ExactlyOnce"})
    sent = images(400)
    digits.send(sent)
    first = replay(digits, "--from", "beginning", "--rate", "100")
    first.until_analyzed(50)
    assert first.end() == 75
    ended = first.said()[-1]
    assert (ended["replay"], ended["complete"]) == ("ended", False)
    assert ended["analyzed"] == len(ids_of("again", digits.results(as_they_are))) == 400 - ended["left"]
    assert replay(digits, "--rate", "0").done()["analyzed"] == ended["left"]
