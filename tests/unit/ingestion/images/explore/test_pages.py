"""Lists of images: every filter selects what its documents say, once, in pages."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.images.explore import pages
from darkroom_ingestion.images.explore.pages import images_page
from darkroom_ingestion.store.database import Database
from darkroom_ingestion.store.explore.candidates import Cursor, ImageFilter
from darkroom_ingestion.store.queries import image_rows
from darkroom_ingestion.times import rfc3339
from tests.support.postgresql import STORES, make_database, postgresql
from tests.support.told import AT_MS, PIPELINE, STAGES, Told, fill, logs, newest_results, open_empty

__all__ = ["postgresql"]


@pytest.fixture(scope="module", params=STORES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db"
    else:
        url = make_database(request.getfixturevalue("postgresql"))
    opened = open_empty(url)
    yield opened
    opened.close()


def listed(database: Database, which: ImageFilter, limit: int = 100) -> list[dict[str, Any]]:
    """All images that the filter selects, page by page."""
    found: list[dict[str, Any]] = []
    after: Cursor | None = None
    while True:
        read: Callable[[Any], Any] = lambda c: images_page(c, PIPELINE, which, STAGES, after=after, limit=limit)  # noqa: B023, E731
        page, after = database.read(read)
        assert len(page) <= limit
        found += [one.document(STAGES) for one in page]
        if after is None:
            return found


filters = st.builds(
    ImageFilter,
    stage=st.sampled_from([None, *STAGES, "gone"]),
    label=st.sampled_from([None, None, "cat", "dog"]),
    min_score=st.sampled_from([None, None, 0.5]),
    max_score=st.sampled_from([None, None, 0.5]),
    state=st.sampled_from([None, None, "Received", "Analyzed", "PartlyFailed", "Failed"]),
    reason=st.sampled_from([None, None, "cat"]),
    key=st.sampled_from([None, None, "odd"]),
)


@settings(max_examples=25)
@given(logs(), filters, st.integers(1, 3))
def test_a_filter_selects_images_by_their_documents(
    database: Database, told: list[Told], which: ImageFilter, limit: int
) -> None:
    fill(database, told)
    found = listed(database, which, limit)

    ids = {one.id for one in told}
    expected = {image_id for image_id in ids if _is_expected(database, told, which, image_id)}
    assert sorted(one["id"] for one in found) == sorted(expected)
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)
    # The same filter with its order's times: those before a time, and those from it on.
    if found:
        between = AT_MS + 90_000
        parts = [listed(database, replace(which, from_ms=between)), listed(database, replace(which, to_ms=between))]
        assert [one["at"] >= rfc3339(between) for one in parts[0]] == [True] * len(parts[0])
        assert [one for part in parts for one in part] == listed(database, which)


def _is_expected(database: Database, told: list[Told], which: ImageFilter, image_id: str) -> bool:
    """Whether the image's own document and its newest results have what the filter asks for."""
    rows = database.read(lambda c: image_rows(c, PIPELINE, image_id))
    stages = STAGES if which.stage is None else (which.stage,)
    document = image_document(image_id, rows.image, rows.results, rows.failures, stages)
    if which.listed_by == "image" and rows.image is None:
        return False
    if which.key is not None and document["key"] != which.key:
        return False
    if which.state is not None and document["state"] != which.state:
        return False
    newest = [one for one in newest_results(told) if one.id == image_id and which.stage in {None, one.stage}]
    live = [f for f in rows.failures if f.generation is None and f.stage == which.stage]
    if which.stage is not None and which.state != "Received" and not newest and not live:
        return False
    failed = [f for f in document["failures"] if which.stage in {None, f["stage"]}]
    if which.reason is not None and which.reason not in {failure["reason"] for failure in failed}:
        return False
    return not which.by_result or any(_matches(which, one) for one in newest)


def _matches(which: ImageFilter, result: Told) -> bool:
    scores = dict(result.labels)
    if which.label is None:
        score = result.labels[0][1]
    elif which.label in scores:
        score = scores[which.label]
    else:
        return False
    return (which.min_score or 0) <= score <= (which.max_score or 1)


def test_a_page_ends_after_many_rows_that_are_not_selected(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_SCANNED", 50)
    told = [Told("images", number, minute=number, offset=number) for number in range(120)]
    fill(database, [*told, Told("results", 0), Told("results", 0, stage="detect")])
    page, after = database.read(
        lambda c: images_page(c, PIPELINE, ImageFilter(state="Analyzed"), STAGES, after=None, limit=10)
    )

    assert (page, after) == ([], (told[70].at_ms, told[70].id))
    assert [one["id"] for one in listed(database, ImageFilter(state="Analyzed"))] == [told[0].id]


def test_an_image_is_shown_in_short(database: Database) -> None:
    labels = (("dog", 0.75), ("cat", 0.25))
    told = [Told("images", 1), Told("results", 1, minute=1, labels=labels), Told("dead-letters", 1, stage="detect")]
    fill(database, told)

    [found] = listed(database, ImageFilter())
    assert found["id"] == told[0].id
    assert (found["state"], found["key"], found["image"]["bytes"]) == ("PartlyFailed", "odd", 5)
    assert found["at"] == found["receivedAt"] == rfc3339(AT_MS)
    shown = {"label": "dog", "score": 0.75, "objects": 2, "summary": "dog 0.750", "analyzedAt": rfc3339(AT_MS + 60_000)}
    assert found["results"] == [{"stage": "classify", **shown}]
    assert [(failure["stage"], failure["reason"]) for failure in found["failures"]] == [("detect", "cat")]
