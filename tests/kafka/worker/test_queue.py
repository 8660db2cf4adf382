"""Mode Queue: workers share the images of a topic through a share group."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest
from confluent_kafka import AcknowledgeType, KafkaException, Message, TopicPartition

from darkroom_inference.share_group.attempts import SharedAttempts, encode
from darkroom_inference.share_group.clients import configure_group, share_consumer
from darkroom_inference.share_group.limits import GroupLimits, wanted_limits
from tests.support.models.bad_model import bad_model
from tests.support.services.stage import TriedStage, WorkerProcess, headers, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]

GOOD = samples()[1]
QUEUE = {"mode": "Queue"}


def images(count: int, mark: bytes = b"", first: int = 0) -> list[tuple[str, bytes, bytes]]:
    return [(f"i{n:05}", b"k", GOOD + mark) for n in range(first, first + count)]


def about(sent: list[tuple[str, bytes, bytes]]) -> Callable[[list[Message]], bool]:
    wanted = {image_id for image_id, _, _ in sent}
    return lambda messages: wanted <= set(image_ids(messages))


def analysed(worker: WorkerProcess) -> float:
    return worker.metric("darkroom_worker_images_total", outcome="analyzed")


def written(attempts: SharedAttempts, worker: str, own: dict[tuple[int, int], int]) -> bool:
    """Write counts. Returns False if they have to be written again: the broker may still make the offsets topic."""
    try:
        return attempts.write(worker, own)
    except KafkaException:
        return False


def sent_until_all_work(stage: TriedStage, workers: list[WorkerProcess]) -> list[tuple[str, bytes, bytes]]:
    """Send images until every worker has analysed some: of a few, the first to ask could take all."""
    sent: list[tuple[str, bytes, bytes]] = []

    def all_work() -> bool:
        more = images(50, b"PACED", first=len(sent))
        stage.send(more)
        sent.extend(more)
        return all(analysed(worker) for worker in workers)

    until(all_work, "all workers at work", every_s=0.5)
    return sent


def test_three_workers_share_the_images_of_one_partition(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    workers = [digits.worker(**bad_model(tmp_path / "hook")).ready() for _ in range(3)]
    assert "mode Queue is a preview" in workers[0].said()
    assert "partitions of the share group changed" in workers[0].said()
    sent = sent_until_all_work(digits, workers)
    results = digits.results(about(sent))
    assert sorted(image_ids(results)) == [image_id for image_id, _, _ in sent]
    assert sum(analysed(worker) for worker in workers) == len(sent)
    assert [worker.end() for worker in workers] == [0, 0, 0]


def test_a_killed_worker_loses_no_image(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    environment = bad_model(tmp_path / "hook")
    first, second = digits.worker(**environment).ready(), digits.worker(**environment).ready()
    sent = sent_until_all_work(digits, [first, second])
    first.kill()
    digits.results(about(sent))
    assert digits.dead_letters(lambda _found: True) == []
    assert second.end() == 0


@pytest.mark.parametrize("mark", [b"ABORT", b"ENDLESS", b"LOCKED"])
def test_a_poison_image_becomes_a_dead_letter_and_its_batch_mates_get_results(
    stage: Stage, tmp_path: Path, mark: bytes
) -> None:
    digits = stage(images={"partitions": 1}, stage={**QUEUE, "maxAttempts": 2})
    mates = images(30)
    digits.send([*mates[:15], ("poison", b"k", GOOD + mark), *mates[15:]])
    worker = digits.worker(DARKROOM_IMAGE_DEADLINE_S="2", **bad_model(tmp_path / "hook"))
    (letter,) = digits.dead_letters(about([("poison", b"", b"")]), timeout_s=150)
    results = digits.results(about(mates))
    assert headers(letter)["darkroom-error-reason"] == "PoisonImage"
    assert headers(letter)["darkroom-error-attempts"] == "2"
    assert headers(letter)["darkroom-error-source-offset"] == "15"
    assert letter.value() == GOOD + mark
    assert "poison" not in image_ids(results)
    assert worker.metric("darkroom_worker_process_ends_total") == 2
    assert worker.end() == 0


def test_an_image_that_ends_a_container_with_all_its_processes_becomes_a_dead_letter(
    stage: Stage, tmp_path: Path
) -> None:
    """So does Kubernetes when the container exceeds its memory limit. The folder is a volume of the pod."""
    digits = stage(images={"partitions": 1}, stage={**QUEUE, "maxAttempts": 2})
    mates = images(10)
    digits.send([*mates[:5], ("poison", b"k", GOOD + b"WHOLE WORKER"), *mates[5:]])
    worker = digits.worker(DARKROOM_CACHE_DIR=str(tmp_path / "cache"), **bad_model(tmp_path / "hook"))
    (letter,) = digits.dead_letters(about([("poison", b"", b"")]), timeout_s=150, meanwhile=worker.keep_running)
    assert headers(letter)["darkroom-error-reason"] == "PoisonImage"
    assert headers(letter)["darkroom-error-attempts"] == "2"
    assert worker.ends == [-signal.SIGKILL] * 2
    assert "poison" not in image_ids(digits.results(about(mates)))
    assert worker.end() == 0


def test_the_processes_that_an_image_ended_are_counted_across_workers(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage={**QUEUE, "maxAttempts": 3})
    attempts = SharedAttempts(digits.settings)
    until(partial(written, attempts, "another", {(0, 5): 2}), "written", 60)
    mates = images(10)
    digits.send([*mates[:5], ("poison", b"k", GOOD + b"ABORT"), *mates[5:]])
    worker = digits.worker(**bad_model(tmp_path / "hook"))
    (letter,) = digits.dead_letters(about([("poison", b"", b"")]))
    assert headers(letter)["darkroom-error-reason"] == "PoisonImage"
    assert headers(letter)["darkroom-error-attempts"] == "3"
    assert letter.value() == GOOD + b"ABORT"
    assert attempts.of([0]) == {(0, 5): 3}
    assert worker.metric("darkroom_worker_process_ends_total") == 1
    digits.results(about(mates))
    assert worker.end() == 0


def test_counts_that_another_worker_overwrites_are_written_again(stage: Stage) -> None:
    digits = stage(images={"partitions": 2}, stage=QUEUE)
    attempts = SharedAttempts(digits.settings)
    until(partial(written, attempts, "one", {(0, 5): 1, (1, 9): 0}), "written", 60)
    assert not attempts.write("two", {(0, 5): 1, (0, 6): 1})
    assert attempts.write("two", {(0, 5): 1, (0, 6): 1})
    assert attempts.of([0, 1]) == {(0, 5): 2, (0, 6): 1, (1, 9): 0}
    overwriting = TopicPartition(digits.settings.images_topic, 0, 5, metadata=encode({6: {"two": 1}}))
    attempts._consumer.commit(offsets=[overwriting], asynchronous=False)
    assert attempts.of([0]) == {(0, 6): 1}
    assert not attempts.write("one", {(0, 5): 1})
    assert attempts.write("one", {(0, 5): 1})
    assert attempts.of([0]) == {(0, 5): 1, (0, 6): 1}


def test_an_exception_of_the_model_is_tried_again_up_to_max_attempts(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage={**QUEUE, "maxAttempts": 3})
    mates = images(10)
    digits.send([*mates[:5], ("raises", b"k", GOOD + b"RAISE"), ("shaky", b"k", GOOD + b"SHAKY"), *mates[5:]])
    digits.worker(**bad_model(tmp_path / "hook"))
    (letter,) = digits.dead_letters(about([("raises", b"", b"")]))
    assert headers(letter)["darkroom-error-reason"] == "InferenceError"
    assert headers(letter)["darkroom-error-attempts"] == "3"
    digits.results(about([*mates, ("shaky", b"", b"")]))


def test_an_image_becomes_a_dead_letter_before_kafka_drops_it(stage: Stage) -> None:
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    limits = configure_group(digits.settings, wanted_limits(60, 1))
    assert limits == GroupLimits(lock_s=60, deliveries=10)
    sent = images(1)
    digits.send(sent)
    consumer = share_consumer(digits.settings, "test", 1, lambda _error: None, lambda _statistics: None)
    consumer.subscribe([digits.settings.images_topic])
    for _ in range(8):
        (image,) = until(lambda: list(consumer.poll(0.5)), "the image is lent", 30)
        consumer.acknowledge(image, AcknowledgeType.RELEASE)
        consumer.commit_sync(10)
    consumer.close()
    digits.worker()
    (letter,) = digits.dead_letters(about(sent))
    assert headers(letter)["darkroom-error-reason"] == "DeliveryLimit"
    assert headers(letter)["darkroom-error-attempts"] == "9"


def test_limits_that_the_cluster_does_not_allow_are_not_needed(stage: Stage) -> None:
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    assert configure_group(digits.settings, GroupLimits(lock_s=600, deliveries=9)) == GroupLimits(30, 9)
    assert configure_group(digits.settings, GroupLimits(lock_s=20, deliveries=100)) == GroupLimits(20, 9)


def test_the_limits_are_those_that_were_just_set_and_not_those_before(stage: Stage) -> None:
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    wanted = [GroupLimits(lock_s=20 + n, deliveries=9 - n % 2) for n in range(41)]
    assert [configure_group(digits.settings, limits) for limits in wanted] == wanted


def test_a_worker_that_was_stopped_for_longer_than_an_image_may_take_continues(stage: Stage, tmp_path: Path) -> None:
    """The group lends its images to another worker meanwhile, which takes longer than its watchdog would wait."""
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    environment = {"DARKROOM_IMAGE_DEADLINE_S": "2", **bad_model(tmp_path / "hook")}
    stopped = digits.worker(**environment).ready()
    sent = images(24, b"SLOW")
    digits.send(sent)
    until(partial(analysed, stopped), "at work")
    (child,) = psutil.Process(stopped.process.pid).children()
    stopped.signal(signal.SIGSTOP)
    child.suspend()
    other = digits.worker(**environment)
    digits.results(about(sent))
    before = analysed(other)
    child.resume()
    stopped.signal(signal.SIGCONT)
    until(lambda: analysed(stopped) > 24 - before, "it continues")
    assert stopped.metric("darkroom_worker_process_ends_total") == 0
    assert [stopped.end(), other.end()] == [0, 0]


def test_images_of_a_worker_that_ends_are_released_at_once(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    environment = bad_model(tmp_path / "hook")
    leaving = digits.worker(**environment).ready()
    sent = images(24, b"SLOW")
    digits.send(sent)
    until(partial(analysed, leaving), "at work")
    staying = digits.worker(**environment).ready()
    assert leaving.end() == 0
    # Less than the minute for which the group lends an image.
    results = digits.results(about(sent), timeout_s=45)
    assert sorted(image_ids(results)) == [image_id for image_id, _, _ in sent]
    assert staying.end() == 0


def test_slow_images_are_not_analysed_twice(stage: Stage, tmp_path: Path) -> None:
    """Together they take longer than the group lends them."""
    digits = stage(images={"partitions": 1}, stage=QUEUE)
    environment = {"DARKROOM_IMAGE_DEADLINE_S": "2", **bad_model(tmp_path / "hook")}
    workers = [digits.worker(**environment).ready() for _ in range(2)]
    sent = images(70, b"SLOW")
    digits.send(sent)
    results = digits.results(about(sent))
    assert sorted(image_ids(results)) == [image_id for image_id, _, _ in sent]
    assert [worker.end() for worker in workers] == [0, 0]


def test_a_process_killed_while_it_analyses_good_images_makes_none_a_dead_letter(stage: Stage, tmp_path: Path) -> None:
    digits = stage(images={"partitions": 1}, stage={**QUEUE, "maxAttempts": 2})
    worker = digits.worker(**bad_model(tmp_path / "hook")).ready()
    sent = images(20, b"SLOW")
    digits.send(sent)
    until(partial(analysed, worker), "at work")
    (child,) = psutil.Process(worker.process.pid).children()
    child.send_signal(signal.SIGKILL)
    digits.results(about(sent))
    assert digits.dead_letters(lambda _found: True) == []
    assert worker.end() == 0
