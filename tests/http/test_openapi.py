"""The OpenAPI document is complete and correct."""

from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.services.ingestion import Pipeline, Service, accepted, document
from tests.support.until import until

CHECKS = (
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
ENDLESS = ["/v1/live", "/v1/pipelines/{namespace}/{name}/events"]


@pytest.fixture(scope="module")
def existing(shared: tuple[Service, Pipeline]) -> Mapping[str, Any]:
    """Values of path parameters of existing resources."""
    service, pipeline = shared
    image, failed = accepted(service, pipeline), accepted(service, pipeline)
    pipeline.analyze(image)
    pipeline.fail(failed)
    until(lambda: document(service, pipeline, image["id"])["results"], "a result is there")
    [letter] = pipeline.records(f"{pipeline.namespace}.digits.classify.dead-letters")
    with service.client as client:
        redrive = client.post(f"{pipeline.path}/dead-letters/redrives", json={"stage": "classify", "all": True})
    return {
        "redrive_id": redrive.json()["id"],
        "namespace": pipeline.namespace,
        "name": pipeline.name,
        "image_id": image["id"],
        "stage": "classify",
        "partition": letter.partition(),
        "offset": letter.offset(),
    }


def test_responses_to_generated_requests_match_the_document(
    shared: tuple[Service, Pipeline], existing: Mapping[str, Any]
) -> None:
    interface = schemathesis.openapi.from_url(f"http://127.0.0.1:{shared[0].port}/openapi.json")
    tried = set()
    for found in interface.exclude(path=ENDLESS).get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS, timeout=60)
            # Generated names lead to a 404, so replace them by existing ones.
            for name in case.path_parameters or {}:
                case.path_parameters[name] = existing[name]
            if case.path_parameters:
                case.call_and_validate(checks=CHECKS, timeout=60)

        ask()
        tried.add(operation.label)

    with shared[0].client as client:
        paths: dict[str, dict[str, Any]] = client.get("/openapi.json").json()["paths"]
    assert tried == {f"{method.upper()} {path}" for path in paths if path not in ENDLESS for method in paths[path]}


def test_every_route_describes_its_problems_as_problem_documents(shared: tuple[Service, Pipeline]) -> None:
    service, _ = shared
    with service.client as client:
        whole: dict[str, Any] = client.get("/openapi.json").json()

    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert "500" in operation["responses"], path
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert set(response["content"]) == {"application/problem+json"}, (path, method, status)
    assert "HTTPValidationError" not in str(whole)
    assert {"type", "title", "status", "detail"} <= set(whole["components"]["schemas"]["Problem"]["required"])
    assert set(whole["components"]["schemas"]["Accepted"]["examples"][0]) == {"id", "topic", "partition", "offset"}
