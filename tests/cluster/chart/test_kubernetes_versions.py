"""What the chart and the operator create fits the schemas of every supported version of Kubernetes."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.chart.test_rendering import COMBINATIONS, within
from tests.support.chart import Helm
from tests.support.kube.api import Manifest
from tests.support.kube.kinds.schemas import NEWEST, problems

OLDEST = 30
BUILT = Path(__file__).parents[2] / "unit" / "operator" / "builders" / "built"


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """Everything that the chart renders, and the objects that the operator makes of two pipelines."""
    helm = Helm(tmp_path_factory.mktemp("helm"))
    rendered = [helm.template("try", "darkroom", within("kafka", values)) for values in COMBINATIONS.values()]
    built = [yaml.safe_load_all(path.read_text(encoding="utf-8")) for path in sorted(BUILT.glob("*.objects.yaml"))]
    return [manifest for document in (*rendered, *built) for manifest in document]


@pytest.mark.parametrize("minor", range(OLDEST, NEWEST + 1))
def test_every_object_fits_the_schema(minor: int, manifests: list[Manifest]) -> None:
    found = {problem for manifest in manifests for problem in problems(manifest, minor)}
    assert not found


def test_a_misspelt_field_and_a_kind_of_a_later_version_are_noticed() -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "a"},
        "spec": {"podSelector": {}, "egress": [{"to": [{"ipBlok": {}}]}]},
    }
    assert list(problems(policy, OLDEST)) == [
        "NetworkPolicy a: $.spec.egress[0].to[0]: Additional properties are not allowed ('ipBlok' was unexpected)"
    ]
    later = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {}}
    assert list(problems(later, OLDEST)) == [
        "Kubernetes 1.30 does not have admissionregistration.k8s.io/v1 MutatingAdmissionPolicy"
    ]
