"""A stage object's name belongs to the oldest pipeline that claims it."""

from typing import Any

from darkroom_operator.cluster.name_claims import NameClaims
from darkroom_operator.kube.keys import PipelineKey


def claimant(name: str, *stages: str, since: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "demo", "creationTimestamp": since},
        "spec": {"stages": [{"name": stage} for stage in stages]},
    }


def test_the_first_claim_on_a_name_counts_until_it_is_given_up() -> None:
    claims, old, young = NameClaims(), PipelineKey("demo", "a-b"), PipelineKey("demo", "a")
    assert claims.update(young, claimant("a", "b-c", since="2026-01-02T00:00:00Z")) == set()
    assert claims.update(old, claimant("a-b", "c")) == {young}
    assert claims.holder("demo", "a-b-c") == old
    assert claims.update(old, claimant("a-b", "c")) == set(), "nothing new"
    assert claims.update(old, claimant("a-b", "d")) == {young}
    assert claims.holder("demo", "a-b-c") == young
    assert claims.update(young, None) == set()
    assert claims.holder("demo", "a-b-c") is None


def test_names_in_different_namespaces_do_not_meet() -> None:
    claims = NameClaims()
    claims.update(PipelineKey("one", "a-b"), {**claimant("a-b", "c"), "metadata": {"namespace": "one"}})
    assert claims.holder("two", "a-b-c") is None
