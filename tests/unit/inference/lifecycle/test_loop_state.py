"""The state of a loop for health checks."""

from darkroom_inference.lifecycle.loop_state import SPARE_AFTER_S, LoopState


def test_a_connected_loop_without_partitions_becomes_a_spare() -> None:
    now = [1000.0]
    state = LoopState(0, clock=lambda: now[0])
    state.in_touch(coordinator=True)
    assert not state.is_spare
    now[0] += SPARE_AFTER_S + 1
    assert state.is_spare
    state.in_touch(coordinator=False)
    assert not state.is_spare


def test_a_loop_is_still_until_it_ticks() -> None:
    now = [1000.0]
    state = LoopState(0, clock=lambda: now[0])
    now[0] += 7
    assert state.still_s() == 7
    state.tick()
    assert state.still_s() == 0
