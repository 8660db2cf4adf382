"""Every operation of the HTTP API is tried with the token, and with the ids, of another namespace."""

import pytest

from darkroom_ingestion.access.needed import Needed, needed
from tests.support.isolation.operations import OPERATIONS, Operation
from tests.support.isolation.tenants import Tenant, made_up, made_up_things, only_ids
from tests.support.services.access.responses import seen

EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
WITH_IDS = [operation for operation in OPERATIONS if operation.has_ids]


def test_no_operation_of_the_api_is_missing_here(ours: Tenant) -> None:
    paths = ours.get("/openapi.json")["paths"]
    every = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods if "{name}" in path}
    assert every == {operation.label for operation in OPERATIONS}


@EVERY
def test_it_needs_the_rights_that_the_documents_say(operation: Operation, ours: Tenant) -> None:
    path = operation.path.format_map(ours.ids)
    assert needed(operation.method, path) == Needed(operation.rights, ours.ids["namespace"], ours.ids["name"])


@EVERY
def test_the_namespaces_own_caller_may_use_it(operation: Operation, ours: Tenant) -> None:
    answer = ours.send(operation, ours.ids)
    assert answer.is_success or answer.status_code == 409, "so that the other tests try what exists"


@EVERY
def test_a_caller_of_another_namespace_is_refused_as_if_nothing_were_there(
    operation: Operation, ours: Tenant, theirs: Tenant
) -> None:
    images = theirs.images()
    nothing = made_up(theirs.ids)
    refused = ours.send(operation, theirs.ids)
    assert refused.status_code == 403
    assert seen(refused, theirs.ids) == seen(ours.send(operation, nothing), nothing)
    assert theirs.images() == images


@pytest.mark.parametrize("operation", WITH_IDS, ids=[operation.label for operation in WITH_IDS])
def test_an_id_of_another_namespace_is_unknown_in_ones_own_pipeline(
    operation: Operation, ours: Tenant, theirs: Tenant
) -> None:
    borrowed = {**ours.ids, **only_ids(theirs.ids)}
    nothing = made_up_things(borrowed)
    if "stage" not in operation.path:
        borrowed["stage"] = nothing["stage"] = ours.ids["stage"]
    unknown = ours.send(operation, borrowed)
    assert unknown.status_code == (422 if "{stage}" in operation.path else 404)
    assert seen(unknown, borrowed) == seen(ours.send(operation, nothing), nothing)


@EVERY
def test_without_a_token_nothing_is_said_about_the_pipeline(operation: Operation, theirs: Tenant) -> None:
    nothing = made_up(theirs.ids)
    with theirs.service.client as client:
        existing, missing = (
            client.request(**operation.request(theirs.ids)),
            client.request(**operation.request(nothing)),
        )
    assert existing.status_code == 401
    assert seen(existing, theirs.ids) == seen(missing, nothing)


def test_a_redrive_of_another_namespaces_dead_letters_finds_none(ours: Tenant, theirs: Tenant) -> None:
    failed = [letter["id"] for letter in theirs.get(f"{theirs.pipeline.path}/dead-letters")["deadLetters"]]
    assert failed
    images = theirs.images()
    with ours.client() as client:
        answer = client.post(
            f"{ours.pipeline.path}/dead-letters/redrive", json={"stage": ours.ids["stage"], "ids": failed}
        )
    assert answer.json()["images"] == []
    assert theirs.images() == images
