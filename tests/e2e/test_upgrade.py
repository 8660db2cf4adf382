"""`helm upgrade` from the previous chart (tests/e2e/previous), while images are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.chart import CHART
from tests.support.on_kind import kubectl
from tests.support.on_kind.ingestion import result_of
from tests.support.on_kind.upgrade import CRD

if TYPE_CHECKING:
    from kind.cluster import Cluster
    from tests.support.on_kind.numbers import Numbers
    from tests.support.on_kind.upgrade import Upgraded

pytestmark = pytest.mark.e2e


def test_no_image_is_lost_while_operator_service_and_workers_are_replaced(upgraded: Upgraded, numbers: Numbers) -> None:
    assert len(upgraded.documents) > 20
    numbers.measured("helm upgrade --wait", upgraded.helm_s, "s")
    numbers.measured("from helm upgrade to the last new worker", upgraded.workers_s, "s")
    numbers.measured("images taken meanwhile, all answered", len(upgraded.documents), "images")
    numbers.measured(
        "longest pause of the ingestion service (one replica, on SQLite)", upgraded.longest_pause_s, "s", at_most=60
    )


def test_every_stage_has_a_result_for_every_image(upgraded: Upgraded) -> None:
    for document in upgraded.documents:
        assert result_of(document, "classify")["predictions"]
        assert result_of(document, "embed")["embedding"]


def test_the_commands_of_the_document_showed_a_ready_pipeline_and_a_result(upgraded: Upgraded) -> None:
    assert "imagepipeline.darkroom.dev/digits condition met" in upgraded.said
    assert "AllReady" in upgraded.said
    assert '"Analyzed"' in upgraded.said


def test_the_crd_is_the_one_of_this_chart(cluster: Cluster, upgraded: Upgraded) -> None:
    """Helm does not update CRDs, so the document applies it before."""
    (file,) = (CHART / "crds").iterdir()
    ours = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]["versions"]
    crd = kubectl.get(cluster, "crd", CRD)
    conditions = {condition["type"]: condition["status"] for condition in crd["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert crd["spec"]["versions"] == ours
    assert upgraded.former_crd["spec"]["versions"] != ours
