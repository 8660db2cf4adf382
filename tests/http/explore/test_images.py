"""GET …/images: the list of images with filters."""

from typing import Any

import pytest

from tests.support.services.ingestion import Pipeline, Service, accepted
from tests.support.services.result_pages import wait_for_results
from tests.support.until import until


@pytest.fixture(scope="module")
def images(shared: tuple[Service, Pipeline]) -> list[dict[str, Any]]:
    """Five images: two analysed as seven, one as three, one that failed, one that waits."""
    service, pipeline = shared
    found = [accepted(service, pipeline, params={"key": f"camera-{n % 2}"}) for n in range(5)]
    pipeline.analyze_many(found[:2])
    pipeline.analyze(found[2], label="three")
    pipeline.fail(found[3])
    wait_for_results(service, pipeline, 3)
    until(lambda: listed(shared, state="Failed"), "the dead letter is in the store")
    return found


def listed(shared: tuple[Service, Pipeline], **query: Any) -> list[dict[str, Any]]:
    service, pipeline = shared
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    with service.client as client:
        while True:
            answer = client.get(f"{pipeline.path}/images", params={**query, **after})
            assert answer.status_code == 200, answer.text
            found += answer.json()["images"]
            if answer.json()["next"] is None:
                return found
            after = {"after": answer.json()["next"]}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [4, 3, 2, 1, 0]),
        ({"limit": 2}, [4, 3, 2, 1, 0]),
        ({"label": "seven", "limit": 1}, [1, 0]),
        ({"label": "seven", "minScore": 0.95}, []),
        ({"minScore": 0.9}, [2, 1, 0]),
        ({"maxScore": 0.8}, []),
        ({"state": "Received"}, [4]),
        ({"state": "Failed"}, [3]),
        ({"state": "Analyzed", "key": "camera-0"}, [2, 0]),
        ({"reason": "DecodeError", "limit": 1}, [3]),
        ({"reason": "OutOfMemory"}, []),
        ({"stage": "classify"}, [3, 2, 1, 0]),
        ({"stage": "embed"}, []),
        ({"from": "2001-01-01T00:00:00Z"}, [4, 3, 2, 1, 0]),
        ({"to": "2001-01-01T00:00:00Z"}, []),
    ],
)
def test_images_are_listed_by_filters(
    shared: tuple[Service, Pipeline], images: list[dict[str, Any]], query: dict[str, Any], numbers: list[int]
) -> None:
    assert {one["id"] for one in listed(shared, **query)} == {images[number]["id"] for number in numbers}


def test_an_image_in_the_list_has_its_results_in_short(
    shared: tuple[Service, Pipeline], images: list[dict[str, Any]]
) -> None:
    [found] = listed(shared, label="three")
    assert (found["id"], found["state"], found["key"]) == (images[2]["id"], "Analyzed", "camera-0")
    [result] = found["results"]
    assert found["at"] == result["analyzedAt"]
    assert (result["stage"], result["label"], result["score"], result["objects"]) == ("classify", "three", 0.9, None)


@pytest.mark.parametrize(
    "query",
    [
        {"state": "Lost"},
        {"minScore": "high"},
        {"minScore": "nan"},
        {"from": "now"},
        {"limit": 251},
        {"after": "x"},
        {"after": "WzEsIngiXQ", "reason": "DecodeError"},  # the cursor of a list by images
    ],
)
def test_an_invalid_filter_is_refused(shared: tuple[Service, Pipeline], query: dict[str, Any]) -> None:
    service, pipeline = shared
    with service.client as client:
        answer = client.get(f"{pipeline.path}/images", params=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
