"""Whether a filter selects an image, and its document in a list. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from darkroom_ingestion.images.document import image_document
from darkroom_ingestion.store.explore.candidates import Candidate, ImageFilter
from darkroom_ingestion.store.explore.listed import ListedImage, ListedResult
from darkroom_ingestion.times import rfc3339


def listed_document(candidate: Candidate, rows: ListedImage, stages: Sequence[str]) -> dict[str, Any]:
    """The document of an image in a list: that of the image, with results in short, and the time it is listed by."""
    document = image_document(candidate.image_id, rows.image, rows.results, rows.failures, stages)
    shown = [{name: value for name, value in result.items() if name != "source"} for result in document["results"]]
    return document | {"at": rfc3339(candidate.at_ms), "results": shown}


def is_selected(
    which: ImageFilter,
    candidate: Candidate,
    rows: ListedImage,
    labelled: Mapping[str, float | None],
    stages: Sequence[str],
) -> bool:
    """Whether an image is selected by the filter, and by this candidate: an image is listed once, by its newest match.

    Args:
        which: the filter.
        candidate: by what the image was found.
        rows: what the store has of it.
        labelled: the scores of the filter's label, by ids of results.
        stages: the stages that the filter looks at.
    """
    return (
        (which.key is None or (rows.image is not None and rows.image.key == which.key))
        and (which.stage is None or which.state == "Received" or _is_of_stage(which.stage, rows))
        and (not which.by_result or _has_result(which, candidate, rows, labelled))
        and (which.listed_by != "failure" or _is_newest_failure(which, candidate, rows))
        and (which.state is which.reason is None or _is_as_shown(which, candidate, rows, stages))
    )


def _is_of_stage(stage: str, rows: ListedImage) -> bool:
    failed = {letter.stage for letter in rows.letters if letter.generation is None}
    return stage in rows.newest or stage in failed


def _has_result(
    which: ImageFilter, candidate: Candidate, rows: ListedImage, labelled: Mapping[str, float | None]
) -> bool:
    matching = [result for result in rows.newest.values() if _matches(which, result, labelled)]
    if not matching:
        return False
    newest = max(matching, key=lambda result: (result.at_ms, result.event_id))
    return which.listed_by != "result" or candidate.event_id == newest.event_id


def _matches(which: ImageFilter, result: ListedResult, labelled: Mapping[str, float | None]) -> bool:
    if which.stage not in {None, result.stage} or (which.label is not None and result.event_id not in labelled):
        return False
    if which.min_score is None and which.max_score is None:
        return True
    score = result.score if which.label is None else labelled[result.event_id]
    if score is None:
        return False
    return (which.min_score is None or score >= which.min_score) and (
        which.max_score is None or score <= which.max_score
    )


def _is_newest_failure(which: ImageFilter, candidate: Candidate, rows: ListedImage) -> bool:
    matching = [
        letter.cursor
        for letter in rows.letters
        if which.stage in {None, letter.stage} and which.reason in {None, letter.reason}
    ]
    return candidate.cursor == max(matching)


def _is_as_shown(which: ImageFilter, candidate: Candidate, rows: ListedImage, stages: Sequence[str]) -> bool:
    """Whether the document has the filter's state and reason: a later result replaces a failure."""
    document = image_document(candidate.image_id, rows.image, rows.results, rows.failures, stages)
    failures = document["failures"]
    return which.state in {None, document["state"]} and (
        which.reason is None
        or any(one["reason"] == which.reason and which.stage in {None, one["stage"]} for one in failures)
    )
