"""The cache has the latest version of every object, for any source and order of changes."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from darkroom_operator.cluster.cache import Cache
from darkroom_operator.kube.api import Page
from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.kube.kinds import CONFIG_MAP, IMAGE_PIPELINE, POD

OWNER = PipelineKey("demo", "digits")


def an_object(name: str = "x", version: int = 1, uid: str = "u", namespace: str = "demo") -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": uid,
            "resourceVersion": str(version),
            "labels": {"darkroom.dev/namespace": "demo", "darkroom.dev/pipeline": "digits"},
            "managedFields": [{"manager": "x"}],
        },
        "data": {"version": str(version)},
    }


def known(cache: Cache) -> str | None:
    live = cache.get(CONFIG_MAP, "demo", "x")
    return None if live is None else live["data"]["version"]


@given(st.permutations([1, 2, 3, 4]))
def test_the_latest_version_is_kept_in_any_order(versions: list[int]) -> None:
    cache = Cache()
    news = [cache.put(CONFIG_MAP, an_object(version=version)) for version in versions]
    assert known(cache) == "4"
    highest = [version == max(versions[: i + 1]) for i, version in enumerate(versions)]
    assert news == highest


def test_a_late_write_response_does_not_restore_a_deleted_object() -> None:
    cache = Cache()
    cache.put(CONFIG_MAP, an_object(version=1))
    cache.remove(CONFIG_MAP, an_object(version=3))
    assert not cache.put(CONFIG_MAP, an_object(version=2))
    assert known(cache) is None


def test_another_object_of_the_same_name_is_another_object() -> None:
    cache = Cache()
    cache.put(CONFIG_MAP, an_object(version=1, uid="old"))
    cache.put(CONFIG_MAP, an_object(version=5, uid="new"))
    cache.remove(CONFIG_MAP, an_object(version=4, uid="old"))
    assert known(cache) == "5"


def test_an_object_that_lost_its_label_may_get_it_back() -> None:
    cache = Cache()
    cache.put(CONFIG_MAP, an_object(version=1))
    cache.remove(CONFIG_MAP, an_object(version=2))
    assert cache.put(CONFIG_MAP, an_object(version=3))
    assert known(cache) == "3"


def test_a_list_removes_only_missing_objects() -> None:
    cache = Cache()
    for name, version in (("gone", 2), ("stays", 3), ("newer than the list", 9)):
        cache.put(CONFIG_MAP, an_object(name, version, uid=name))
    cache.put(CONFIG_MAP, an_object("elsewhere", 2, uid="e", namespace="other"))
    page = Page([an_object("stays", 3, uid="stays")], version=5)
    assert cache.replace_all(CONFIG_MAP, [page], "demo") == {OWNER}
    assert sorted(item["metadata"]["name"] for item in cache.owned(CONFIG_MAP, OWNER)) == [
        "elsewhere",
        "newer than the list",
        "stays",
    ]


def test_cached_objects_can_not_be_changed() -> None:
    cache = Cache()
    original = an_object()
    cache.put(CONFIG_MAP, original)
    original["data"]["version"] = "tampered"
    first = cache.get(CONFIG_MAP, "demo", "x") or {}
    first["data"]["version"] = "tampered"
    assert known(cache) == "1"


def test_bookkeeping_of_others_is_not_kept() -> None:
    cache = Cache()
    cache.put(CONFIG_MAP, an_object())
    cache.put(POD, {**an_object(), "spec": {"containers": []}})
    assert "managedFields" not in json.dumps(cache.get(CONFIG_MAP, "demo", "x"))
    assert "spec" not in (cache.get(POD, "demo", "x") or {})
    assert (cache.get(CONFIG_MAP, "demo", "x") or {})["kind"] == "ConfigMap"


def test_pipelines_are_found_and_own_themselves() -> None:
    cache = Cache()
    pipeline = {"metadata": {"name": "digits", "namespace": "demo", "uid": "p", "resourceVersion": "1"}}
    cache.put(IMAGE_PIPELINE, pipeline)
    assert cache.pipelines() == [OWNER]
    assert len(cache) == 1
