"""The worker's smaller decisions: options, back-off, stopping, the fall back to the classic protocol, processes."""

import threading
import time

import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given
from hypothesis import strategies as st

from darkroom.backoff import Backoff
from darkroom_inference.group.protocol import Membership
from darkroom_inference.kafka.errors import ClientsBroken, meaning
from darkroom_inference.kafka.threaded_call import within
from darkroom_inference.lifecycle.loop_state import SPARE_AFTER_S, LoopState
from darkroom_inference.lifecycle.options import InvalidOption, Options
from darkroom_inference.lifecycle.stopping import DrainTimedOut, Stopping
from darkroom_inference.lifecycle.watchdog import Watchdog
from darkroom_inference.process.fleet import split
from darkroom_inference.process.fleet_metrics import merged


def test_options_come_from_the_environment() -> None:
    assert Options.from_environment({}) == Options(60.0, "consumer")
    chosen = {"DARKROOM_IMAGE_DEADLINE_S": "1.5", "DARKROOM_GROUP_PROTOCOL": "classic"}
    assert Options.from_environment(chosen) == Options(1.5, "classic")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DARKROOM_IMAGE_DEADLINE_S", "soon"),
        ("DARKROOM_IMAGE_DEADLINE_S", "0"),
        ("DARKROOM_IMAGE_DEADLINE_S", "nan"),
        ("DARKROOM_IMAGE_DEADLINE_S", "3601"),
        ("DARKROOM_GROUP_PROTOCOL", "share"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidOption, match=f"{name} is '{value}'"):
        Options.from_environment({name: value})


@given(st.integers(0, 10_000))
def test_backoff_grows_to_its_limit_and_is_never_nothing(failures: int) -> None:
    backoff = Backoff(first_s=0.1, most_s=5.0, failures=failures)
    whole = min(5.0, 0.1 * 2 ** min(failures, 30))
    assert whole / 2 <= backoff.next_s() <= whole


@given(st.integers(1, 256))
def test_loops_are_split_into_as_few_processes_as_eight_a_process_allow(loops: int) -> None:
    sizes = split(loops)
    assert sum(sizes) == loops
    assert max(sizes) <= 8
    assert len(sizes) == (loops + 7) // 8
    assert max(sizes) - min(sizes) <= 1


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


def test_a_call_of_the_client_library_that_hangs_is_left_behind() -> None:
    never = threading.Event()
    with pytest.raises(ClientsBroken, match="could not send offsets within 0 s"):
        within(0.05, "send offsets", never.wait)
    never.set()


def test_a_call_of_the_client_library_returns_or_raises_as_ever() -> None:
    def fails() -> None:
        raise KafkaException(KafkaError(KafkaError.ILLEGAL_GENERATION))

    assert within(5, "answer", lambda: 42) == 42
    with pytest.raises(KafkaException, match="ILLEGAL_GENERATION"):
        within(5, "fail", fails)


def test_only_a_broker_without_the_consumer_protocol_makes_a_worker_fall_back() -> None:
    fenced, unknown = Membership("consumer"), Membership("consumer")
    fenced.learn(ClientsBroken("Fatal error: Local: This instance has been fenced"))
    # As librdkafka 2.16.0 says it.
    unknown.learn(ClientsBroken("ConsumerGroupHeartbeat fatal error: Broker: API version not supported"))
    assert (fenced.protocol, unknown.protocol) == ("consumer", "classic")


def test_what_errors_of_kafka_mean() -> None:
    expected = {
        KafkaError.NOT_ENOUGH_REPLICAS: "Retry",
        KafkaError._TRANSPORT: "Retry",
        KafkaError.ILLEGAL_GENERATION: "NotAMember",
        KafkaError.STALE_MEMBER_EPOCH: "NotAMember",
        KafkaError.MSG_SIZE_TOO_LARGE: "TooLarge",
        KafkaError._FATAL: "Fatal",
        KafkaError.TOPIC_AUTHORIZATION_FAILED: "Unknown",
    }
    assert {code: meaning(KafkaError(code)) for code in expected} == expected
    assert meaning(KafkaError(KafkaError.INVALID_PRODUCER_EPOCH, fatal=True)) == "Fatal"


def test_a_loop_in_touch_with_its_group_and_without_partitions_becomes_a_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    state = LoopState(0)
    state.in_touch(coordinator=True)
    assert not state.is_spare
    clock[0] += SPARE_AFTER_S + 1
    assert state.is_spare
    state.in_touch(coordinator=False)
    assert not state.is_spare


def test_metrics_of_processes_are_told_apart_by_a_label() -> None:
    one = '# HELP images_total Images.\n# TYPE images_total counter\nimages_total{outcome="analyzed"} 2.0\n'
    text = merged({"0": one, "1": one.replace("2.0", "3.0"), "2": "{}"}).decode()
    assert text.count("# HELP images_total") == 1
    assert 'images_total{outcome="analyzed",process="0"} 2.0' in text
    assert 'images_total{outcome="analyzed",process="1"} 3.0' in text


def test_the_watchdog_counts_its_own_ticks_and_names_the_image() -> None:
    watchdog = Watchdog(deadline_s=2.0)
    with watchdog.over(1, "images[0]@7"):
        watchdog._ticks += 4
        assert watchdog.overdue() is None
        watchdog._ticks += 1
        assert watchdog.overdue() == ("images[0]@7", 2.5)
    assert watchdog.overdue() is None
