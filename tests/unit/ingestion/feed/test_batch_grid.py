"""The times of the clock at which batches of live events are sent."""

import pytest

from darkroom_ingestion.feed.batches import BATCH_S, BUSY_BATCH_S, pause_s


@pytest.mark.parametrize(
    ("now_ms", "batch_s", "on_grid", "next_ms"),
    [
        (1_001, BATCH_S, False, 1_200),
        (1_030, BATCH_S, False, 1_200),
        (1_099, BATCH_S, False, 1_200),
        (1_001, BATCH_S, True, 1_100),
        (1_003, BATCH_S, True, 1_100),
        (1_049, BATCH_S, True, 1_100),
        (1_051, BATCH_S, True, 1_200),
        (1_098, BATCH_S, True, 1_200),
        (1_001, BUSY_BATCH_S, True, 1_500),
        (1_098, BUSY_BATCH_S, True, 1_500),
        (1_401, BUSY_BATCH_S, True, 1_500),
        (1_498, BUSY_BATCH_S, True, 2_000),
        (1_503, BUSY_BATCH_S, True, 2_000),
    ],
)
def test_batches_are_on_a_grid_that_all_clients_share(now_ms: int, batch_s: float, on_grid: bool, next_ms: int) -> None:
    """The first after a silence comes at once; whether the timer of the next ones is early or late does not matter."""
    now_s = 1_795_745_116 + now_ms / 1_000
    assert now_ms + 1_000 * pause_s(now_s, batch_s, on_grid=on_grid) == pytest.approx(next_ms, abs=1)
