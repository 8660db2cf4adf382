"""Replays: within the range and the rate limit, every image once, without effect on live work."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.support.models.bad_model import bad_model
from tests.support.services.replay import ReplayProcess
from tests.support.services.replayed_images import (
    AN_HOUR_AGO_MS,
    BROKEN,
    GOOD,
    all_of,
    as_they_are,
    generation_of,
    ids_of,
    images,
    rfc3339,
    timed,
)
from tests.support.services.stage import TriedStage, headers
from tests.support.topics import topics

Stage = Callable[..., TriedStage]
Replay = Callable[..., ReplayProcess]


def test_every_stored_image_gets_one_result_of_the_generation_and_live_work_continues(
    stage: Stage, replay: Replay
) -> None:
    digits = stage(loops=2)
    old, new = images(300), images(200, first=300)
    digits.send(old)
    worker = digits.worker().ready()
    digits.results(all_of(old))
    again = replay(digits, "--from", "beginning", "--rate", "0")
    for start in range(0, len(new), 20):
        digits.send(new[start : start + 20])
    ended = again.done()
    results = digits.results(all_of([*old, *new]))

    replayed, live = ids_of("again", results), ids_of(None, results)
    # The range ends at the end of the log when the replay started, which may be after some of the new images.
    assert len(replayed) == len(set(replayed)) == ended["analyzed"] == again.said()[0]["images"]
    assert {image_id for image_id, _, _ in old} <= set(replayed) <= {image_id for image_id, _, _ in [*old, *new]}
    assert sorted(live) == [image_id for image_id, _, _ in [*old, *new]]
    ids = [headers(message)["ce_id"] for message in results]
    assert len(ids) == len(set(ids))
    one = next(message for message in results if headers(message)["ce_id"] == "i00007.classify@again")
    assert json.loads(one.value() or b"")["generation"] == "again"
    assert ended | {"seconds": 0} == {
        "replay": "ended",
        "complete": True,
        "left": 0,
        "seconds": 0,
        "analyzed": len(replayed),
        "failed": 0,
        "skipped": 0,
    }
    assert worker.end() == 0
    assert {number: offset for number, (offset, _) in digits.committed().items() if offset > 0} == digits.end_offsets()


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        # 40 images in four partitions: image n is at offset n // 4, with the time AN_HOUR_AGO_MS + n.
        (["--from", "beginning"], range(40)),
        (["--from", "6"], range(24, 40)),
        (["--from", "2", "--to", "4"], range(8, 16)),
        (["--from", "0", "--to", "999"], range(40)),
        (["--from", rfc3339(AN_HOUR_AGO_MS + 10)], range(10, 40)),
        (["--from", rfc3339(AN_HOUR_AGO_MS + 10), "--to", rfc3339(AN_HOUR_AGO_MS + 23)], range(10, 23)),
        (["--from", "beginning", "--to", rfc3339(AN_HOUR_AGO_MS + 7)], range(7)),
        (["--from", rfc3339(AN_HOUR_AGO_MS + 30), "--to", "8"], range(30, 32)),
        (["--from", rfc3339(AN_HOUR_AGO_MS + 1_800_000)], range(0)),
        (["--from", "40"], range(0)),
    ],
)
def test_a_range_applies_to_every_partition(
    ten_each: TriedStage, replay: Replay, arguments: list[str], numbers: range
) -> None:
    name = f"g{uuid4().hex[:10]}"
    ended = replay(ten_each, *arguments, "--rate", "0", generation=name).done()
    assert (ended["analyzed"], ended["complete"]) == (len(numbers), True)
    results = ten_each.results(as_they_are)
    assert sorted(ids_of(name, results)) == [f"i{n:05}" for n in numbers]


@pytest.fixture(scope="module")
def ten_each(kafka: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TriedStage]:
    """Ten images in each of four partitions; no worker."""
    digits = TriedStage(kafka.bootstrap_servers, tmp_path_factory.mktemp("ten-each"), images={"partitions": 4})
    with closing(digits):
        timed(digits, images(40), at_ms=AN_HOUR_AGO_MS)
        yield digits


def test_all_loops_and_processes_share_the_rate_limit(stage: Stage, replay: Replay) -> None:
    rate, loops = 40, 10
    digits = stage(loops=loops, images={"partitions": 20})
    digits.send([(f"i{n:05}", f"{n}".encode(), GOOD) for n in range(240)])
    replay(digits, "--from", "beginning", "--rate", str(rate)).done()
    at_ms = sorted(message.timestamp()[1] for message in digits.results(lambda found: len(found) == 240))
    # In any interval at most the rate, plus the tokens of two ticks and one waiting in each loop; plus a quarter for
    # images that were published late.
    for first in range(0, 240, 10):
        for last in range(first + 80, 240, 10):
            seconds = (at_ms[last] - at_ms[first]) / 1000
            assert last - first <= 1.25 * rate * seconds + 0.1 * rate + loops
    assert (at_ms[-1] - at_ms[0]) / 1000 >= 240 / rate * 0.75


def test_a_separate_results_topic_is_created_like_the_stages(stage: Stage, replay: Replay) -> None:
    digits = stage(
        images={"partitions": 5},
        stage={"results": {"config": {"max.message.bytes": 300_000}, "retention": "2h", "partitions": 7}},
    )
    digits.send([*images(30), ("broken", b"k", BROKEN)])
    aside = f"{digits.namespace}.aside"
    ended = replay(digits, "--from", "beginning", "--results-topic", aside).done()
    assert (ended["analyzed"], ended["failed"]) == (30, 1)
    assert sorted(ids_of("again", digits.read(aside, as_they_are))) == [image_id for image_id, _, _ in images(30)]
    (letter,) = digits.read(f"{aside}.dead-letters", as_they_are)
    assert (letter.key(), letter.value(), generation_of(letter)) == (b"k", BROKEN, "again")
    assert digits.results(as_they_are) == digits.dead_letters(as_they_are) == []
    servers = digits.settings.kafka.bootstrap_servers
    for made, like in (
        (aside, digits.settings.results_topic),
        (f"{aside}.dead-letters", digits.settings.dead_letters_topic),
    ):
        described = topics(servers, made, like)
        assert described[made] == described[like]
    # An existing topic is used unchanged.
    assert replay(digits, "--from", "beginning", "--results-topic", aside, generation="second").done()["analyzed"] == 30
    assert len(ids_of("second", digits.read(aside, as_they_are))) == 30
    # When it is resumed, the replay keeps its results topic.
    other = replay(digits, "--results-topic", "elsewhere")
    assert other.process.wait(60) == 2
    assert f"publishes its results to {aside}" in other.log


def test_an_image_for_another_stage_is_skipped_and_a_broken_one_becomes_a_dead_letter_with_the_generation(
    stage: Stage, replay: Replay
) -> None:
    digits = stage()
    digits.send(images(5))
    digits.send([("theirs", b"k", GOOD)], headers={"darkroom-target-stage": "embed"})
    digits.send([("ours", b"k", GOOD)], headers={"darkroom-target-stage": "classify"})
    digits.send([("broken", b"k", BROKEN)], headers={"darkroom-generation": "earlier"})
    ended = replay(digits, "--from", "beginning").done()
    assert (ended["analyzed"], ended["failed"], ended["skipped"]) == (6, 1, 1)
    replayed = ids_of("again", digits.results(as_they_are))
    assert sorted(replayed) == [*(image_id for image_id, _, _ in images(5)), "ours"]
    (letter,) = digits.dead_letters(as_they_are)
    assert [value for name, value in letter.headers() or [] if name == "darkroom-generation"] == [b"again"]
    assert headers(letter)["darkroom-error-reason"] == "DecodeError"


def test_an_image_that_crashes_the_process_does_not_end_the_replay(
    stage: Stage, replay: Replay, tmp_path: Path
) -> None:
    digits = stage(images={"partitions": 2}, stage={"maxAttempts": 1})
    digits.send([*images(10), ("poison", b"k", GOOD + b"ABORT"), *images(10, first=10)])
    again = replay(digits, "--from", "beginning", environment=bad_model(tmp_path / "hook"))
    ended = again.done()
    assert ended["failed"] == 1
    (letter,) = digits.dead_letters(as_they_are)
    assert headers(letter)["darkroom-error-reason"] == "PoisonImage"
    assert set(ids_of("again", digits.results(as_they_are))) == {image_id for image_id, _, _ in images(20)}


def test_a_range_that_ends_with_a_transaction_marker_is_completed(stage: Stage, replay: Replay) -> None:
    """A transaction marker has an offset but is not a record."""
    digits = stage(images={"partitions": 1})
    producer = Producer({"bootstrap.servers": digits.settings.kafka.bootstrap_servers, "transactional.id": "t"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(digits.settings.images_topic, GOOD, b"k")
    producer.commit_transaction(30)
    ended = replay(digits, "--from", "beginning").done()
    assert (ended["analyzed"], ended["left"]) == (1, 0)


def test_live_images_after_the_end_of_the_range_are_not_read(stage: Stage, replay: Replay) -> None:
    digits = stage(images={"partitions": 2})
    digits.send(images(60))
    again = replay(digits, "--from", "beginning", "--rate", "20")
    again.until_analyzed(1)
    stop = threading.Event()

    def go_on_sending() -> None:
        sent = 60
        while not stop.wait(0.05):
            digits.send(images(20, first=sent))
            sent += 20

    traffic = threading.Thread(target=go_on_sending)
    traffic.start()
    try:
        ended = again.done()
    finally:
        stop.set()
        traffic.join()
    assert ended["analyzed"] == 60
    assert sorted(ids_of("again", digits.results(as_they_are))) == [image_id for image_id, _, _ in images(60)]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (
            [],
            2,
            "there is nothing to resume of generation again: it was never started",
        ),
        (["--from", "yesterday"], 2, "'yesterday' is not a position: use beginning, end, an offset"),
        (["--from", "7", "--to", "3"], 2, "--from 7 is after --to 3: swap them"),
        (["--from", "0", "--rate", "-1"], 2, "rate -1.0: give images per second, or 0 for no limit"),
        (["--from", "0", "--results-topic", "a b"], 2, "results topic 'a b': give at most"),
    ],
)
def test_an_invalid_replay_is_refused_in_one_line(
    ten_each: TriedStage, replay: Replay, arguments: list[str], code: int, says: str
) -> None:
    refused = replay(ten_each, *arguments)
    assert refused.process.wait(60) == code
    assert says in refused.log.splitlines()[-1]


def test_a_missing_topic_and_an_unreachable_broker_are_distinguished(
    ten_each: TriedStage, replay: Replay, tmp_path: Path
) -> None:
    document = json.loads(ten_each.file.read_text())
    for name, change, code, says in (
        ("topic", {"imagesTopic": "no.such.images"}, 2, "topic no.such.images does not exist in the Kafka at"),
        ("broker", {"kafka": {"bootstrapServers": "127.0.0.1:9"}}, 3, "no Kafka broker responds at 127.0.0.1:9"),
    ):
        ten_each.file.with_name(f"{name}.json").write_text(json.dumps(document | change))
        mistaken = type("Mistaken", (), {"file": tmp_path / name, "settings": ten_each.settings})()
        mistaken.file = ten_each.file.with_name(f"{name}.json")
        refused = replay(mistaken, "--from", "beginning")
        assert refused.process.wait(60) == code
        assert says in refused.log.splitlines()[-1]
