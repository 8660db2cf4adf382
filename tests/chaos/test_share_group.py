"""The progress of a share group, as a broker tells it."""

from contextlib import closing
from pathlib import Path

from tests.chaos.share_group import Progress, done, share_group_progress
from tests.support.kafka import SharedKafka
from tests.support.services.stage import TriedStage, samples
from tests.support.until import until


def test_a_share_group_is_done_with_what_its_worker_has_acknowledged(kafka: SharedKafka, tmp_path: Path) -> None:
    queue = TriedStage(kafka.bootstrap_servers, tmp_path, images={"partitions": 1}, stage={"mode": "Queue"})

    def progress() -> dict[int, Progress]:
        return share_group_progress(kafka.bootstrap_servers, queue.settings.share_group, timeout_s=60)

    with closing(queue):
        worker = queue.worker().ready()
        queue.send((f"i{number}", None, samples()[1]) for number in range(20))
        until(lambda: done(progress(), {0: 20}) == {0: 20}, "all are done")
        assert worker.end() == 0
    queue.send((f"i{number}", None, samples()[1]) for number in range(20, 25))
    until(lambda: progress()[0].lag == 5, "five are not done")
    assert done(progress(), {0: 25})[0] <= 20
