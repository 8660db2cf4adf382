"""The simulated stage."""

from benchmarks.scaling.stage import REBALANCE_S, Stage
from benchmarks.scaling.traces import Trace


def test_images_are_analysed_as_fast_as_the_workers_with_partitions_can() -> None:
    stage = Stage(Trace("burst", 60, lambda second: 1200.0 if second == 0 else 0.0, start_up_s=5), seed=1)
    stage.step()
    sent = stage.lag
    stage.scale(2)

    for _ in range(5 + REBALANCE_S + 10):
        stage.step()

    assert sent - stage.lag == 2 * 10 * 10
    assert stage.pod_s == 2 * (5 + REBALANCE_S + 10)


def test_a_seed_gives_the_same_images() -> None:
    first, second = (Stage(Trace("steady", 60, lambda _: 50.0), seed=7) for _ in range(2))
    for stage in (first, second):
        for _ in range(20):
            stage.step()

    assert [one.end for one in first.partitions] == [one.end for one in second.partitions]
    assert 800 < first.lag < 1200
