"""Waiting, until there is no time left for it."""

import threading
import time

import pytest

from darkroom_inference.lifecycle.stopping import DrainTimedOut, Stopping


def test_waiting_ends_when_the_time_to_stop_is_over() -> None:
    stopping = Stopping(drain_s=0.05)
    stopping.pause(0)
    stopping.request()
    with pytest.raises(DrainTimedOut):
        stopping.pause(60)
    assert stopping.seconds_left == 0


def test_a_request_to_stop_cuts_a_pause_short() -> None:
    stopping = Stopping(drain_s=60)
    threading.Timer(0.05, stopping.request).start()
    began = time.monotonic()
    stopping.pause(30)
    assert time.monotonic() - began < 20
