"""The outcomes of a replay's images, reported by its processes."""

from darkroom_inference.bounded.tally import CountsWriter, Tally
from darkroom_inference.lifecycle.metrics import Metrics


def test_counts_of_several_processes_are_added_up() -> None:
    tally = Tally()
    with open(tally.writer, "wb", closefd=False, buffering=0) as pipe:
        pipe.write(b'{"analyzed": 2}\n{"fai')
        assert tally.counts() == {"analyzed": 2}
        pipe.write(b'led": 1}\n{"analyzed": 3, "skipped": 1}\n')
    assert tally.counts() == {"analyzed": 5, "failed": 1, "skipped": 1}
    tally.close()


def test_a_process_writes_only_new_counts() -> None:
    tally, metrics = Tally(), Metrics()
    counts = CountsWriter(tally.writer, metrics)
    metrics.image("analyzed")
    metrics.image("failed", "DecodeError")
    counts.write()
    metrics.image("analyzed")
    counts.write()
    counts.write()
    assert tally.counts() == {"analyzed": 2, "failed": 1}
    tally.close()
