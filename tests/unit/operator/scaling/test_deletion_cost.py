"""Which pods go first when workers are removed."""

from typing import Any

from darkroom_operator.scaling.deletion_cost import newest


def _pod(name: str, ready_since: str = "", **metadata: Any) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": ready_since}
    created = {"creationTimestamp": "2026-11-26T12:00:00Z"}
    return {"metadata": {"name": name, **created, **metadata}, "status": {"conditions": [ready] if ready_since else []}}


def test_pods_that_are_not_ready_go_first_then_the_newest() -> None:
    old, new = _pod("old", "2026-11-26T12:00:00Z"), _pod("new", "2026-11-26T12:30:00Z")
    starting, going = _pod("starting"), _pod("going", deletionTimestamp="2026-11-26T12:31:00Z")
    assert [pod["metadata"]["name"] for pod in newest([old, new, starting, going], 2)] == ["starting", "new"]
    assert newest([old], 0) == []
