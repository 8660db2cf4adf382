"""Repeated analyses of an image: which outcome is shown, for any order of reading."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from darkroom.kafka.log import TopicPartition
from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.kafka.log_record import LogRecord, TopicContents
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.opening import open_database
from darkroom_ingestion.store.queries import image_rows, results_page
from darkroom_ingestion.store.tables import dead_letters, result_labels, results
from darkroom_ingestion.store.writing.writes import Batch, positions_at_assignment, write_batch

PIPELINE = "demo/digits"
RESULTS = TopicContents(PIPELINE, "results", "classify")
DEAD_LETTERS = TopicContents(PIPELINE, "dead-letters", "classify")
RECEIVED_MS = 1_000


@dataclass(frozen=True)
class Told:
    """A record of one of the stage's two topics: the outcome for `image` at `at_ms`."""

    image: str
    at_ms: int
    generation: str | None = None
    label: str | None = "seven"
    partition: int = 0
    offset: int = 0

    @property
    def topic(self) -> TopicContents:
        return DEAD_LETTERS if self.label is None else RESULTS

    @property
    def record(self) -> LogRecord:
        marked = [] if self.generation is None else [("darkroom-generation", self.generation.encode())]
        if self.label is None:
            failed_at = f"1970-01-01T00:00:{self.at_ms // 1000:02}.{self.at_ms % 1000:03}Z"
            why = [("darkroom-error-reason", b"DecodeError"), ("darkroom-error-failed-at", failed_at.encode())]
            headers = [("ce_id", self.image.encode()), *why, *marked]
            # A dead letter has the timestamp of its image.
            return LogRecord("dead", self.partition, self.offset, RECEIVED_MS, b"k", headers, b"image")
        suffix = "" if self.generation is None else f"@{self.generation}"
        data = {"imageId": self.image, "predictions": [{"label": self.label, "score": 1.0}], "at": self.at_ms}
        headers = [("ce_id", f"{self.image}.classify{suffix}".encode()), *marked]
        value = json.dumps(data).encode()
        return LogRecord("results", self.partition, self.offset, self.at_ms, b"k", headers, value)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db")
    positions_at_assignment(opened, {}, [TopicPartition("results", 0)])
    yield opened
    opened.close()


def read(database: Database, told: Sequence[Told], at_once: int = 100) -> None:
    """Fill an empty store from these records in this order."""
    tables = (results, result_labels, dead_letters)
    database.write(lambda connection: [connection.execute(delete(table)) for table in tables])
    for start in range(0, len(told), at_once):
        batch = Batch()
        for entry in told[start : start + at_once]:
            batch.rows.add_record(entry.topic, entry.record)
        batch.move(TopicPartition("results", 0), 0, 0)
        write_batch(database, batch)


def document(database: Database, image: str = "i", stages: Sequence[str] = ("classify",)) -> dict[str, Any]:
    rows = database.read(lambda connection: image_rows(connection, PIPELINE, image))
    return image_document(image, rows.image, rows.results, rows.failures, stages)


def listed(database: Database, label: str | None = None) -> list[tuple[str, int]]:
    page, _ = database.read(
        lambda connection: results_page(
            connection, PIPELINE, stage=None, label=label, after=None, limit=100, max_bytes=10_000
        )
    )
    return [(data["imageId"], data["at"]) for data in (json.loads(row.data) for row in page)]


def of(document: dict[str, Any]) -> tuple[str, list[int], list[str | None]]:
    """The image's state, the times of its results, and the generations of its failures."""
    return (
        document["state"],
        [result["at"] for result in document["results"]],
        [failure["generation"] for failure in document["failures"]],
    )


LIVE, AGAIN, LATER = Told("i", 2_000), Told("i", 3_000, "again", "one", offset=1), Told("i", 4_000, "later", offset=2)
FAILED = Told("i", 2_000, label=None)
FAILED_AGAIN = Told("i", 3_000, "again", label=None, offset=1)
FAILED_LATER = Told("i", 4_000, "later", label=None, offset=2)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ([LIVE], ("Analyzed", [2_000], [])),
        ([LIVE, AGAIN], ("Analyzed", [3_000], [])),
        ([LIVE, AGAIN, LATER], ("Analyzed", [4_000], [])),
        # A failed replay is listed and revokes nothing, until a later result replaces it.
        ([LIVE, FAILED_AGAIN], ("Analyzed", [2_000], ["again"])),
        ([LIVE, FAILED_AGAIN, FAILED_LATER], ("Analyzed", [2_000], ["later"])),
        ([LIVE, FAILED_AGAIN, LATER], ("Analyzed", [4_000], [])),
        ([LIVE, AGAIN, FAILED_LATER], ("Analyzed", [3_000], ["later"])),
        # A result of a replay replaces a live failure, and a failed replay changes nothing.
        ([FAILED, AGAIN], ("Analyzed", [3_000], [])),
        ([FAILED, FAILED_AGAIN], ("Failed", [], [None, "again"])),
        # It does not complete a request that waits for live results.
        ([FAILED_AGAIN], ("Received", [], ["again"])),
        ([AGAIN], ("Analyzed", [3_000], [])),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_the_newest_result_counts_and_a_replays_failure_takes_nothing_back(
    database: Database, told: list[Told], found: tuple[str, list[int], list[str | None]], backwards: bool
) -> None:
    read(database, told[::-1] if backwards else told)
    assert of(document(database)) == found


def test_a_label_finds_the_images_that_have_it_now(database: Database) -> None:
    read(database, [LIVE, Told("j", 2_500), AGAIN, Told("k", 2_600, label="one")])
    assert listed(database) == [("i", 3_000), ("k", 2_600), ("j", 2_500)]
    assert listed(database, "seven") == [("j", 2_500)]
    assert listed(database, "one") == [("i", 3_000), ("k", 2_600)]


def test_a_result_is_found_by_each_of_its_labels_in_pages(database: Database) -> None:
    told = [Told(f"{n}", 2_000 + n, label="dog" if n % 2 else "cat", offset=n) for n in range(6)]
    read(database, told)
    several = {"imageId": "several", "outputType": "Detection", "at": 9_000}
    several["predictions"] = [{"label": label, "score": 0.5} for label in ("dog", "cat", "dog")]
    headers = [("ce_id", b"several.classify")]
    batch = Batch()
    batch.rows.add_record(RESULTS, LogRecord("results", 0, 9, 9_000, b"k", headers, json.dumps(several).encode()))
    batch.move(TopicPartition("results", 0), 0, 0)
    write_batch(database, batch)

    found: list[str] = []
    after = None
    while True:
        page, after = database.read(
            lambda c: results_page(c, PIPELINE, stage="classify", label="dog", after=after, limit=2, max_bytes=10_000)  # noqa: B023
        )
        found += [json.loads(row.data)["imageId"] for row in page]
        if after is None:
            break
    assert found == ["several", "5", "3", "1"]
    assert [image for image, _ in listed(database, "cat")] == ["several", "4", "2", "0"]
    assert listed(database, "fox") == []


def test_the_newest_results_of_some_images_without_large_ones(database: Database) -> None:
    told = [Told(f"{n}", 2_000 + n, label="cat" if n else "c" * 400, offset=n) for n in range(6)]
    read(database, [*told, Told("2", 4_000, "again", "dog", offset=6)])

    def found(**chosen: Any) -> list[str]:
        query: dict[str, Any] = {"stage": None, "label": None, "after": None, "limit": 9, "max_bytes": 10_000} | chosen
        page, following = database.read(lambda connection: results_page(connection, PIPELINE, **query))
        assert (following is not None) == (len(page) == query["limit"])
        return [json.loads(row.data)["imageId"] for row in page]

    assert found(image_ids=["0", "2", "5", "none"]) == ["2", "5", "0"]
    assert found(image_ids=["0", "2", "5"], longest=400) == ["2", "5"]
    assert found(image_ids=["2", "5"], label="cat") == ["5"]
    assert found(image_ids=["0", "2", "5"], limit=1) == ["2"]
    assert found(image_ids=[]) == []


def test_a_page_ends_after_many_results_that_a_replay_has_replaced(database: Database) -> None:
    live = [Told(f"{n}", 2_000 + n, label="cat", offset=n) for n in range(300)]
    again = [Told(f"{n}", 4_000, "again", "dog", offset=300 + n) for n in range(1, 300)]
    read(database, [*live, *again], at_once=600)

    sizes: list[int] = []
    after = None
    while after is not None or not sizes:
        page, after = database.read(
            lambda c: results_page(c, PIPELINE, stage=None, label="cat", after=after, limit=100, max_bytes=10_000)  # noqa: B023
        )
        sizes.append(len(page))
    assert sizes == [0, 1]


def test_the_labels_of_a_result_that_an_earlier_one_replaces_no_longer_count(database: Database) -> None:
    read(database, [Told("i", 3_000, label="dog", offset=1), Told("i", 2_000, label="cat", offset=0)], at_once=1)
    assert listed(database, "dog") == []
    assert listed(database, "cat") == [("i", 2_000)]


@st.composite
def logs(draw: st.DrawFn) -> list[Told]:
    """The stage's two topics: outcomes of live work and two replays for three images, some published twice."""
    answers = draw(
        st.lists(
            st.builds(
                Told,
                image=st.sampled_from(["i", "j", "k"]),
                # Few times, so that some are equal.
                at_ms=st.integers(2_000, 2_006),
                generation=st.sampled_from([None, "again", "later"]),
                label=st.sampled_from(["seven", "one", None]),
                partition=st.integers(0, 1),
            ),
            max_size=14,
        )
    )
    return [Told(a.image, a.at_ms, a.generation, a.label, a.partition, offset) for offset, a in enumerate(answers)]


@given(logs(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_store_does_not_depend_on_the_reading_order(
    database: Database, told: list[Told], chance: Any, at_once: int
) -> None:
    def seen() -> Any:
        return [document(database, image) for image in "ijk"], listed(database), listed(database, "seven")

    read(database, told)
    in_order = seen()
    shuffled = list(told)
    chance.shuffle(shuffled)
    read(database, shuffled, at_once)
    assert seen() == in_order

    # The expected result, computed differently: the first record of every event id, then the last of every image.
    expected = {}
    for image in "ijk":
        first = {}
        for entry in sorted(told, key=lambda t: (t.at_ms, t.partition, t.offset)):
            if entry.image == image and entry.label is not None:
                first.setdefault(entry.generation, entry)
        if first:
            expected[image] = list(first.values())[-1].at_ms
    assert dict(listed(database)) == expected


def test_a_page_of_large_results_ends_early_and_the_next_continues(database: Database) -> None:
    read(database, [Told(image, 2_000 + number, offset=number) for number, image in enumerate("abcdef")])
    found: list[int] = []
    after = None
    while True:
        page, after = database.read(
            lambda c: results_page(c, PIPELINE, stage=None, label=None, after=after, limit=4, max_bytes=100)  # noqa: B023
        )
        assert 1 <= len(page) <= 2
        found += [json.loads(result.data)["at"] for result in page]
        if after is None:
            break

    assert found == [2_005, 2_004, 2_003, 2_002, 2_001, 2_000]
