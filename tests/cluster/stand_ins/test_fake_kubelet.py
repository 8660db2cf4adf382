"""The stand-in for nodes gives Pods the state that a test wants, for the real controllers."""

import time
from typing import Any

import pytest

from tests.support.kube.api import Manifest
from tests.support.kube.api_server import ApiServer
from tests.support.kube.kubelet import FakeKubelet
from tests.support.kube.pod_status import (
    Behaviour,
    CrashLooping,
    ImagePullBackOff,
    NotReady,
    Ready,
    Starting,
    Unschedulable,
)
from tests.support.until import until


def test_a_deployment_becomes_available_and_goes_with_its_namespace(api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    with FakeKubelet(api, namespace):
        api.create(path, _deployment("web", replicas=3))
        until(lambda: api.get(f"{path}/web")["status"].get("availableReplicas") == 3, "three Pods available")
        api.merge(f"{path}/web", {"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}})
        until(lambda: _rolled_out(api.get(f"{path}/web")), "the second version rolled out")

        api.delete(f"/api/v1/namespaces/{namespace}")
        until(lambda: api.find(f"/api/v1/namespaces/{namespace}") is None, "the namespace gone")


@pytest.mark.parametrize(
    ("behaviour", "reason", "phase"),
    [
        (ImagePullBackOff(), "ImagePullBackOff", "Pending"),
        (CrashLooping("sha256 is 3f", exit_code=2), "CrashLoopBackOff", "Running"),
        (CrashLooping("cannot fetch", container="fetch"), "CrashLoopBackOff", "Pending"),
        (Starting(), "PodInitializing", "Pending"),
        (NotReady(), None, "Running"),
    ],
    ids=["image pull back-off", "crash loop", "crash loop of an init container", "starting", "not ready"],
)
def test_pods_that_do_not_become_ready_have_a_reason(
    api_server: ApiServer, namespace: str, behaviour: Behaviour, reason: str | None, phase: str
) -> None:
    api = api_server.admin.api()
    with FakeKubelet(api, namespace) as kubelet:
        kubelet.behave(behaviour, app="web")
        api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", _deployment("web", init="fetch"))
        (pod,) = until(lambda: _pods_in(api.get(f"/api/v1/namespaces/{namespace}/pods"), phase), f"a Pod {phase}")

        reasons = {state["state"].get("waiting", {}).get("reason") for state in _states(pod)}
        assert reason in reasons
        if isinstance(behaviour, CrashLooping):
            (ended,) = [state["lastState"]["terminated"] for state in _states(pod) if state.get("lastState")]
            assert (ended["message"], ended["exitCode"]) == (behaviour.message, behaviour.exit_code)

        kubelet.behave(Ready(), app="web")
        deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
        until(lambda: api.get(deployment)["status"].get("readyReplicas") == 1, "the Pod ready after all")


def test_an_unschedulable_pod_is_not_bound(api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    with FakeKubelet(api, namespace) as kubelet:
        kubelet.behave(Unschedulable("no node has a GPU"))
        api.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", _deployment("web"))
        (condition,) = until(lambda: _conditions(api.get(f"/api/v1/namespaces/{namespace}/pods")), "a condition")
        assert (condition["reason"], condition["message"]) == ("Unschedulable", "no node has a GPU")


def test_200_pods_are_ready_within_a_minute(api_server: ApiServer, namespace: str) -> None:
    api = api_server.admin.api()
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    with FakeKubelet(api, namespace):
        started = time.monotonic()
        api.create(path, _deployment("many", replicas=200))
        until(lambda: api.get(f"{path}/many")["status"].get("readyReplicas") == 200, "200 Pods ready", 60)
        print(f"200 Pods ready after {time.monotonic() - started:.1f} s")


def _deployment(name: str, *, replicas: int = 1, init: str = "") -> Manifest:
    inits = [{"name": init, "image": "registry.invalid/fetch"}] if init else []
    pod: dict[str, Any] = {"containers": [{"name": "main", "image": "registry.invalid/web"}], "initContainers": inits}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def _rolled_out(deployment: Manifest) -> bool:
    status = deployment["status"]
    done = status.get("updatedReplicas") == status.get("availableReplicas") == status.get("replicas") == 3
    return bool(done and status["observedGeneration"] == deployment["metadata"]["generation"])


def _pods_in(pods: Manifest, phase: str) -> list[Manifest]:
    return [pod for pod in pods["items"] if pod["status"]["phase"] == phase and "startTime" in pod["status"]]


def _states(pod: Manifest) -> list[Manifest]:
    return [*pod["status"].get("initContainerStatuses", []), *pod["status"]["containerStatuses"]]


def _conditions(pods: Manifest) -> list[Manifest]:
    return [condition for pod in pods["items"] for condition in pod["status"].get("conditions", [])]
