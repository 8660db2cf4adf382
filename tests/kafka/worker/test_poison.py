"""Images that crash the worker or the model become dead letters, and the other images are analysed."""

import json
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import Message

from darkroom import names
from tests.support.kafka import SharedKafka
from tests.support.models.bad_model import bad_model
from tests.support.raw_record import publish_raw
from tests.support.services.stage import TriedStage, WorkerProcess, headers, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]

GOOD = samples()[1]


def has_partitions(worker: WorkerProcess) -> bool:
    return "partitions" in worker.said()


def about(ids: list[str]) -> Callable[[list[Message]], bool]:
    return lambda messages: set(ids) <= set(image_ids(messages))


@pytest.mark.parametrize(
    ("mark", "delivery", "in_one_process", "ends"),
    [
        (b"ABORT", "AtLeastOnce", True, [-signal.SIGABRT] * 3),
        (b"ABORT", "AtLeastOnce", False, []),
        (b"OUT OF MEMORY", "ExactlyOnce", True, [-signal.SIGKILL] * 3),
    ],
)
def test_an_image_that_crashes_the_process_becomes_a_dead_letter_and_others_are_analysed(
    stage: Stage, tmp_path: Path, mark: bytes, delivery: str, in_one_process: bool, ends: list[int]
) -> None:
    digits = stage(images={"partitions": 3}, stage={"delivery": delivery, "maxAttempts": 2}, loops=2)
    neighbours = [(f"good{n}", f"k{n % 7}".encode(), GOOD) for n in range(40)]
    digits.send([*neighbours[:20], ("poison", b"k1", GOOD + mark), *neighbours[20:]])
    worker = digits.worker(**bad_model(tmp_path / "hook", in_one_process=in_one_process))
    (letter,) = digits.dead_letters(about(["poison"]), timeout_s=150, meanwhile=worker.keep_running)
    results = digits.results(about([image_id for image_id, _, _ in neighbours]), meanwhile=worker.keep_running)
    assert headers(letter)["darkroom-error-reason"] == "PoisonImage"
    assert headers(letter)["darkroom-error-attempts"] == "2"
    assert letter.value() == GOOD + mark
    # Once in a batch, where the image can't be identified, and then maxAttempts times alone.
    assert worker.ends == ends
    assert in_one_process or worker.metric("darkroom_worker_process_ends_total") == 3
    assert "poison" not in image_ids(results)
    until(lambda: sum(offset for offset, _ in digits.committed().values() if offset > 0) == 41, "everything committed")


def test_an_endless_image_is_detected_by_its_deadline(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage={"maxAttempts": 1})
    digits.send([("before", b"k", GOOD), ("endless", b"k", GOOD + b"ENDLESS"), ("after", b"k", GOOD)])
    worker = digits.worker(DARKROOM_IMAGE_DEADLINE_S="2", **bad_model(tmp_path / "hook"))
    (letter,) = digits.dead_letters(about(["endless"]), timeout_s=120, meanwhile=worker.keep_running)
    digits.results(about(["before", "after"]), meanwhile=worker.keep_running)
    assert headers(letter)["darkroom-error-reason"] == "PoisonImage"
    assert worker.ends == [70, 70]
    assert "image takes too long" in worker.log.read_text()


def test_images_whose_headers_are_not_readable_are_analysed(stage: Stage, kafka: SharedKafka) -> None:
    digits = stage(images={"partitions": 1})
    topic = digits.settings.images_topic
    headers = [(b"ce_id", b"not-read"), (b"\xff", b"")]
    # CPython specialises a call after it has run a few times.
    offsets = [publish_raw(kafka.bootstrap_servers, topic, 0, GOOD, headers) for _ in range(20)]
    worker = digits.worker()
    results = digits.results(lambda found: len(found) == 20)
    analysed = [json.loads(result.value() or b"")["imageId"] for result in results]
    assert analysed == [names.image_id_at(topic, 0, offset) for offset in offsets]
    assert worker.ends == []


def test_an_exception_of_the_model_is_tried_again_up_to_max_attempts(stage: Stage, tmp_path: Path) -> None:
    for delivery in ("AtLeastOnce", "ExactlyOnce"):
        digits = stage(images={"partitions": 1}, stage={"maxAttempts": 3, "delivery": delivery})
        digits.send(
            [
                ("before", b"k", GOOD),
                ("raises", b"k", GOOD + b"RAISE"),
                ("shaky", b"k", GOOD + b"SHAKY"),
                ("after", b"k", GOOD),
            ]
        )
        worker = digits.worker(**bad_model(tmp_path / f"hook-{delivery}"))
        results = digits.results(about(["before", "shaky", "after"]))
        (letter,) = digits.dead_letters(about(["raises"]))
        assert image_ids(results) == ["before", "shaky", "after"]
        assert headers(letter)["darkroom-error-reason"] == "InferenceError"
        assert headers(letter)["darkroom-error-attempts"] == "3"
        assert "ZeroDivisionError: the model can't" in headers(letter)["darkroom-error-message"]
        assert worker.ends == []
        assert worker.metric("darkroom_worker_retries_total", cause="inference") == 1
        digits.close()


def test_attempts_at_an_image_are_counted_across_restarts(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage={"maxAttempts": 8})
    digits.send([("raises", b"k", GOOD + b"RAISE")])
    environment = bad_model(tmp_path / "hook")
    first = digits.worker(**environment)
    until(lambda: '"attempts": 3' in digits.committed()[0][1], "three attempts", 60)
    first.kill()
    before = json.loads(digits.committed()[0][1])["attempts"]
    second = digits.worker(**environment)
    (letter,) = digits.dead_letters(about(["raises"]))
    assert headers(letter)["darkroom-error-attempts"] == "8"
    assert second.metric("darkroom_worker_attempts_total") == 8 - before


def test_workers_killed_from_outside_make_no_good_image_a_dead_letter(stage: Stage, tmp_path: Path) -> None:
    """Killed while idle, while busy and right after their start. Every image takes half a second."""
    digits = stage(images={"partitions": 2}, stage={"maxAttempts": 2})
    environment = bad_model(tmp_path / "hook")
    idle = digits.worker(**environment).ready()
    idle.kill()
    sent = [(f"i{n}", f"k{n}".encode(), GOOD + (b"SLOW" if n < 6 else b"")) for n in range(60)]
    digits.send(sent)
    for _ in range(3):
        worker = digits.worker(**environment).ready()
        until(partial(has_partitions, worker), "partitions")
        worker.kill()
    last = digits.worker(**environment)
    digits.results(about([image_id for image_id, _, _ in sent]))
    assert digits.dead_letters(lambda _found: True) == []
    assert last.end() == 0
    assert not any("attempts" in metadata for _, metadata in digits.committed().values())
