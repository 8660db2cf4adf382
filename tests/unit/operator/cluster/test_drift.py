"""Drift detection."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_operator.cluster.drift import is_as_desired, with_applied_hash

names = st.text("abc", min_size=1, max_size=3)
values = st.recursive(
    st.integers(0, 9) | st.booleans() | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


def manifest(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x"}, "spec": spec}


@given(st.dictionaries(names, values, max_size=4))
def test_an_object_is_as_itself(spec: dict[str, Any]) -> None:
    desired = with_applied_hash(manifest(**spec))
    assert is_as_desired(desired, desired)


@given(st.dictionaries(names, values, max_size=4), names, values)
def test_additional_fields_are_not_drift(spec: dict[str, Any], name: str, value: Any) -> None:
    desired = with_applied_hash(manifest(**spec))
    live = {**desired, "status": value, "spec": {name: value, **spec}}
    assert is_as_desired(desired, live)


@pytest.mark.parametrize(
    ("desired", "live", "same"),
    [
        ({"replicas": 2}, {"replicas": 3}, False),
        ({"a": {}}, {}, True),
        ({"a": {"b": 1}}, {}, False),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "B"}, {"name": "A", "value": "1"}]}, True),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "2"}]}, False),
        ({"args": ["a", "b"]}, {"args": ["a", "b", "c"]}, False),
        ({"acls": [{"x": 1}]}, {"acls": [{"x": 1, "host": "*"}]}, True),
        ({"limits": {"cpu": "1000m", "memory": "1024Mi"}}, {"limits": {"cpu": "1", "memory": "1Gi"}}, True),
        ({"limits": {"cpu": "0.5"}}, {"limits": {"cpu": "500m"}}, True),
        ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, False),
        ({"limits": {"cpu": "1"}}, {"limits": {}}, False),
    ],
)
def test_differences(desired: dict[str, Any], live: dict[str, Any], same: bool) -> None:
    assert is_as_desired(manifest(**desired), manifest(**live)) is same


def test_removed_fields_change_the_hash() -> None:
    before = with_applied_hash(manifest(env=[{"name": "A"}, {"name": "B"}]))
    after = with_applied_hash(manifest(env=[{"name": "A"}]))
    assert not is_as_desired(after, before)
