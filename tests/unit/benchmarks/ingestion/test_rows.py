import pytest

from benchmarks.ingestion.client import CpuTime, Throughput
from benchmarks.ingestion.rows import BRIDGE, DROPPING, PRODUCING, SERVICE, Latency, memory, name_of, ratios, tail


def rounds(images: int, cpu_s: float, store_s: float = 0) -> list[Throughput]:
    return [Throughput(images, seconds=2.0, cpu=CpuTime(cpu_s, cpu_s + store_s))]


def test_the_service_is_compared_with_baselines_that_have_as_many_processes() -> None:
    rows = ratios(
        "50 KB",
        {
            name_of(SERVICE, 1): rounds(800, 1.0, store_s=1.0),
            name_of(PRODUCING, 1): rounds(1000, 0.5),
            name_of(SERVICE, 2): rounds(1500, 3.0),
            name_of(PRODUCING, 2): rounds(2000, 2.0),
        },
    )
    assert {row.what: row.ratio.median for row in rows} == {
        "50 KB, 1 process, by CPU": 0.4,
        "50 KB, 1 process, by CPU, store included": 0.2,
        "50 KB, 1 process, by the clock": 0.8,
        "50 KB, 2 processes, by CPU": 0.5,
        "50 KB, 2 processes, by CPU, store included": 0.5,
        "50 KB, 2 processes, by the clock": 0.75,
    }
    assert {row.limit.at_least for row in rows} == {0.8}


def test_three_times_the_bridge_are_to_reach_and_nothing_of_an_application_that_drops_the_body() -> None:
    rows = ratios(
        "1 MB",
        {
            name_of(SERVICE, 1): rounds(900, 1.0),
            name_of(DROPPING, 1): rounds(9000, 1.0),
            name_of(BRIDGE, 1): rounds(100, 2.0),
        },
    )
    assert [(row.baseline, row.ratio.median, row.limit.at_least) for row in rows] == [
        (DROPPING, 0.1, None),
        (BRIDGE, 18.0, 3.0),
        (BRIDGE, 18.0, 3.0),
        (BRIDGE, 9.0, 3.0),
    ]


def test_the_tail_is_that_of_the_same_round() -> None:
    latencies = [Latency.of([0.001] * 98 + [0.002, 0.010]), Latency.of([0.004] * 100)]
    row = tail("50 KB", name_of(SERVICE, 1), latencies)
    assert row.compared == pytest.approx([1.0, 4.0])
    assert row.measured[0] == pytest.approx(2.08)  # numpy interpolates between the 98th and the 99th of 0 to 99
    assert row.limit.at_most == 3


def test_memory_is_given_in_all_and_for_every_process_of_several() -> None:
    several = memory("a", [("server", 10.0), ("store", 30.0)])
    assert {figure.what: figure.values for figure in several} == {
        "memory: a: all": [40.0],
        "memory: a: process 1, server": [10.0],
        "memory: a: process 2, store": [30.0],
    }
    assert [figure.values for figure in memory("b", [("server", 10.0)])] == [[10.0]]
