"""Sizes, CPU quantities and durations are parsed as Kubernetes and Go parse them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.api.quantities import Duration, Size, parse_cpus, parse_duration_ms, parse_size


@pytest.mark.parametrize(
    ("text", "in_bytes"),
    [
        ("0", 0),
        ("512", 512),
        ("10Mi", 10_485_760),
        ("1.5Ki", 1_536),
        ("500k", 500_000),
        ("2G", 2_000_000_000),
        ("0.1", 1),
    ],
)
def test_a_size_is_read_as_kubernetes_reads_it(text: str, in_bytes: int) -> None:
    assert parse_size(text) == in_bytes


@pytest.mark.parametrize("text", ["", "10Mb", "-1", "1e3", "Mi", "10 Mi", "1.", ".5", "10mi"])
def test_an_invalid_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="10Mi"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "in_ms"),
    [("168h", 604_800_000), ("1h30m", 5_400_000), ("250ms", 250), ("1m1ms", 60_001), ("7d", 604_800_000)],
)
def test_a_duration_is_read_as_go_reads_it(text: str, in_ms: int) -> None:
    assert parse_duration_ms(text) == in_ms


@pytest.mark.parametrize("text", ["", "10", "h", "1w", "1.5h", "-1h", "1 h"])
def test_an_invalid_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="168h"):
        parse_duration_ms(text)


@pytest.mark.parametrize(("text", "cpus"), [("2", 2.0), ("500m", 0.5), (1, 1.0), ("0.25", 0.25)])
def test_cpus_are_read_as_kubernetes_reads_them(text: str | int, cpus: float) -> None:
    assert parse_cpus(text) == cpus


@given(st.integers(0, 10**15), st.sampled_from(["", "k", "M", "Ki", "Mi", "Gi"]))
def test_a_size_keeps_its_notation_and_grows_with_its_number(number: int, unit: str) -> None:
    size = Size(f"{number}{unit}")
    assert size == f"{number}{unit}"
    assert Size(f"{number + 1}{unit}").in_bytes > size.in_bytes


@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(["ms", "s", "m", "h"])), min_size=1, max_size=5))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    whole = Duration("".join(f"{number}{unit}" for number, unit in parts))
    assert whole.in_ms == sum(Duration(f"{number}{unit}").in_ms for number, unit in parts)
