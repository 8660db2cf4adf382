"""The fields of `template` that pipelines may set."""

import pytest

from darkroom.api.validation import parse_pipeline
from darkroom_operator.reconcile.tenant_template import FIELDS, refused_fields
from tests.support.manifests import pipeline_manifest

TEMPLATE = {"env": [{"name": "A", "value": "1"}], "tolerations": [], "terminationGracePeriodSeconds": 60}


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        (FIELDS, []),
        (("env",), []),
        (("tolerations",), ["spec.stages[1].template.env"]),
        ((), ["spec.stages[1].template.env"]),
    ],
)
def test_only_fields_that_differ_from_their_defaults_are_refused(allowed: tuple[str, ...], refused: list[str]) -> None:
    manifest = pipeline_manifest(stages=["a", "b"])
    manifest["spec"]["stages"][1]["template"] = TEMPLATE
    problems = refused_fields(parse_pipeline(manifest), allowed)
    assert [problem.path for problem in problems] == refused
    assert all("operator.tenantTemplate" in problem.message for problem in problems)


def test_all_fields_have_the_names_of_the_manifest() -> None:
    assert FIELDS == (
        "nodeSelector", "tolerations", "affinity", "priorityClassName", "runtimeClassName", "env", "imagePullSecrets",
        "terminationGracePeriodSeconds",
    )  # fmt: skip
