"""Reading the counts: spans of whole buckets, and totals from as few rows as possible."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom_ingestion.store.counts.changes import LEVELS_S, Changes
from darkroom_ingestion.store.counts.queries import Span, extent_ms, read_counts
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.result_rows import LabelRow, StoredResult
from tests.support.postgresql import STORES, make_database, postgresql

__all__ = ["postgresql"]

PIPELINE = "demo/digits"
DAY_S = LEVELS_S[-1]
START_S = 20_700 * DAY_S + 5 * 3_600


@pytest.fixture(scope="module", params=STORES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One result a minute for three days, of two labels in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db"
    else:
        url = make_database(request.getfixturevalue("postgresql"))
    opened = open_database(url)
    changes = Changes()
    for minute in range(3 * 1_440):
        at_ms = (START_S + 60 * minute) * 1_000
        stage = "classify" if minute % 3 else "detect"
        changes.results([StoredResult(PIPELINE, f"i.{stage}", "i", stage, at_ms, 0, minute)])
        changes.labels([LabelRow(PIPELINE, f"i.{stage}", "cat" if minute % 2 else "dog", stage, at_ms, 0.5)])
    opened.write(changes.write)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("start_s", "end_s", "most", "span"),
    [
        (600, 4_200, 60, Span(600, 60, 60)),
        (601, 4_201, 60, Span(600, 60, 61)),
        (0, 7 * DAY_S, 60, Span(0, 10_800, 56)),
        (5, 6, 60, Span(0, 60, 1)),
        (0, 1_000 * DAY_S, 60, Span(0, 17 * DAY_S, 59)),
        (-90, -30, 60, Span(-120, 60, 2)),
        (0, 3_600, 1, Span(0, 3_600, 1)),
    ],
)
def test_a_span_is_widened_to_whole_buckets(start_s: int, end_s: int, most: int, span: Span) -> None:
    assert Span.around(start_s * 1_000, end_s * 1_000, most) == span


def test_the_extent_is_that_of_all_counts(database: Database) -> None:
    assert database.read(lambda c: extent_ms(c, PIPELINE)) == (START_S * 1_000, (START_S + 3 * DAY_S) * 1_000)
    assert database.read(lambda c: extent_ms(c, "demo/other")) is None


@settings(max_examples=25)
@given(st.integers(0, 3 * 1_440 - 1), st.integers(1, 3 * 1_440), st.sampled_from([1, 7, 60, 240]))
def test_totals_are_the_sums_of_the_minutes(database: Database, first: int, minutes: int, most: int) -> None:
    last = min(first + minutes, 3 * 1_440)
    span = Span.around((START_S + 60 * first) * 1_000, (START_S + 60 * last) * 1_000, most)
    found = database.read(lambda c: read_counts(c, PIPELINE, span, stage=None, label=None))
    within = [n for n in range(3 * 1_440) if span.start_s <= START_S + 60 * n < span.end_s]

    assert sum(found.by_bucket.values()) == len(within)
    for stage, label, has in (("detect", "cat", lambda n: n % 3 == 0 and n % 2), ("classify", "dog", _classified_dog)):
        assert found.totals.get(("label", stage, label, 0), 0) == sum(1 for n in within if has(n))
    dogs = database.read(lambda c: read_counts(c, PIPELINE, span, stage="classify", label="dog"))
    assert sum(dogs.by_bucket.values()) == sum(1 for n in within if _classified_dog(n))
    assert all(0 <= number < span.buckets for *_, number in dogs.by_bucket)


def _classified_dog(minute: int) -> bool:
    return minute % 3 != 0 and minute % 2 == 0
