"""Waiting, until there is no time left for it."""

import sys
import threading

import pytest

from darkroom_inference.lifecycle.stopping import DrainTimedOut, Stopping
from tests.support.until import until


def test_waiting_ends_when_the_time_to_stop_is_over() -> None:
    stopping = Stopping(drain_s=0.05)
    stopping.pause(0)
    stopping.request()
    with pytest.raises(DrainTimedOut):
        stopping.pause(60)
    assert stopping.seconds_left == 0


def test_a_request_to_stop_cuts_a_pause_short() -> None:
    stopping = Stopping(drain_s=60)
    pausing = threading.Thread(target=stopping.pause, args=(30,))
    pausing.start()
    until(lambda: sys._current_frames()[pausing.ident or 0].f_code.co_name == "wait", "in the pause")
    stopping.request()
    pausing.join(20)
    assert not pausing.is_alive()
