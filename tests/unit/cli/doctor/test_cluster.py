"""Decisions about the CRD of a cluster."""

import copy
from typing import Any

from darkroom.api.crd import image_pipeline_crd
from darkroom_cli.doctor.cluster import crd_finding

OURS = image_pipeline_crd()


def spec_of(crd: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"][
        "properties"
    ]
    return properties


def test_the_crd_of_this_version_is_ok() -> None:
    assert crd_finding(OURS, OURS).state == "Ok"


def test_fields_that_an_older_crd_lacks_are_named() -> None:
    older = copy.deepcopy(OURS)
    del spec_of(older)["suspend"]
    found = crd_finding(older, OURS)
    assert (found.state, "spec.suspend" in found.message) == ("Problem", True)


def test_a_newer_crd_is_a_warning() -> None:
    newer = copy.deepcopy(OURS)
    spec_of(newer)["colour"] = {"type": "string"}
    assert crd_finding(newer, OURS).state == "Warning"


def test_a_crd_without_this_version_is_a_problem() -> None:
    assert crd_finding({"spec": {"versions": []}}, OURS).state == "Problem"
