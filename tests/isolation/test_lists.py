"""Lists and documents about all pipelines show a caller the pipelines of its namespace only."""

import json

import pytest

from tests.support.isolation.tenants import Tenant, made_up
from tests.support.services.access.responses import seen
from tests.support.services.ingestion import JPEG


@pytest.mark.parametrize("path", ["/v1/pipelines", "/asyncapi.json", "/openapi.json", "/v1/schemas", "/docs"])
def test_no_document_mentions_another_namespace(path: str, ours: Tenant, theirs: Tenant) -> None:
    with ours.client() as client:
        text = client.get(path).text
    assert theirs.ids["namespace"] not in text
    assert theirs.ids["stage"] not in text.replace("detectors", "")


def test_the_list_has_the_own_pipelines(ours: Tenant) -> None:
    listed = ours.get("/v1/pipelines")["pipelines"]
    assert [(one["namespace"], one["name"]) for one in listed] == [(ours.ids["namespace"], ours.ids["name"])]


def test_metrics_are_not_for_callers(ours: Tenant) -> None:
    with ours.client() as client:
        answer = client.get("/metrics")
    assert answer.status_code == 403
    assert "darkroom_" not in answer.text


@pytest.mark.parametrize("own_too", [False, True])
def test_live_events_of_another_namespace_are_refused_as_if_it_had_none(
    own_too: bool, ours: Tenant, theirs: Tenant
) -> None:
    own = [f"{ours.ids['namespace']}/{ours.ids['name']}"] if own_too else []
    nothing = made_up(theirs.ids)
    with ours.client() as client:
        answers = [
            client.get("/v1/live", params={"pipeline": [*own, f"{ids['namespace']}/{ids['name']}"]})
            for ids in (theirs.ids, nothing)
        ]
    assert answers[0].status_code == 403
    assert seen(answers[0], theirs.ids) == seen(answers[1], nothing)


@pytest.mark.parametrize("path", ["/v1/live", "{pipeline}/events"])
def test_a_stream_has_the_events_of_the_own_namespace_only(path: str, ours: Tenant, theirs: Tenant) -> None:
    with ours.client() as client, client.stream("GET", path.format(pipeline=ours.pipeline.path)) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        next(lines)
        foreign, own = theirs.post(content=JPEG), ours.post(content=JPEG)
        theirs.pipeline.analyze(foreign, theirs.ids["stage"], "secret-label")
        ours.pipeline.analyze(own, ours.ids["stage"])
        heard = []
        for line in lines:
            heard.append(line)
            if own["id"] in line and "data:" in line:
                break
    text = "\n".join(heard)
    assert foreign["id"] not in text
    assert theirs.ids["namespace"] not in text
    assert "secret-label" not in text


def test_a_search_finds_no_label_of_another_namespace(ours: Tenant, theirs: Tenant) -> None:
    secret = theirs.ids["namespace"]  # the label of its first result
    assert theirs.get(f"{theirs.pipeline.path}/images", label=secret)["images"]
    for part in ("images", "results"):
        assert secret not in json.dumps(ours.get(f"{ours.pipeline.path}/{part}", label=secret))
    with ours.client() as client:
        assert secret not in client.get(f"{ours.pipeline.path}/export").text
