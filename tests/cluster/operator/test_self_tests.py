"""Self-tests of a stage: their images are mounted, and a rollout that fails them takes nothing from running workers."""

import base64

from tests.support.kube.api import Manifest
from tests.support.kube.pod_status import READY, CrashLooping
from tests.support.services.operator import Site
from tests.support.until import until

STAGE = {"darkroom.dev/stage": "classify"}
FAILED = 'stage "classify": self-test failed: configmap://images/one.png: predictions[0].label: expected one, got seven'


def with_self_test(site: Site) -> Manifest:
    manifest = site.manifest(replicas=2)
    test = {"image": "configmap://images/one.png", "expect": {"predictions": [{"label": "one"}]}}
    manifest["spec"]["stages"][0]["selfTest"] = [test]
    return manifest


def put_image(site: Site, content: bytes) -> None:
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "images", "namespace": site.namespace},
        "binaryData": {"one.png": base64.b64encode(content).decode()},
    }
    site.api.apply(site.path("configmaps", "images"), config_map)


def template(site: Site) -> Manifest:
    spec: Manifest = site.api.get(site.path("deployments", "digits-classify"))["spec"]["template"]
    return spec


def test_the_image_is_mounted_and_another_image_restarts_the_workers(running: Site) -> None:
    running.apply(with_self_test(running))
    message = running.wait_reason("ModelNotFound", "StagesReady")
    assert message == (
        'stage "classify": self-test image configmap://images/one.png: '
        f"there is no ConfigMap images in namespace {running.namespace}: create it"
    )
    put_image(running, b"an image")
    running.wait_ready()
    before = template(running)
    volumes = {volume["name"]: volume for volume in before["spec"]["volumes"]}
    assert volumes["self-test-0"]["configMap"]["name"] == "images"

    put_image(running, b"another image")
    until(lambda: template(running)["metadata"] != before["metadata"], "the workers are restarted", 40.0)


def pods_of(site: Site) -> list[Manifest]:
    """The pods of the stage that are not being deleted."""
    pods = site.api.get(site.path("pods"), labelSelector="darkroom.dev/stage=classify")["items"]
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def names_of(pods: list[Manifest]) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods}


def test_a_rollout_that_fails_the_self_test_keeps_the_running_workers(running: Site) -> None:
    # Only workers of the first version pass.
    running.kubelet.behave(CrashLooping(f"loading\n{FAILED}\n", exit_code=2), **STAGE)
    put_image(running, b"an image")
    running.apply(with_self_test(running))
    running.wait_reason("SelfTestFailed", "StagesReady")
    version = pods_of(running)[0]["metadata"]["labels"]["pod-template-hash"]
    running.kubelet.behave(READY, **STAGE, **{"pod-template-hash": version})
    running.wait_ready()
    first = names_of(pods_of(running))

    wrong = with_self_test(running)
    wrong["spec"]["stages"][0]["input"] = {"colors": "BGR"}
    running.apply(wrong)

    assert running.wait_reason("SelfTestFailed", "StagesReady") == FAILED
    status = running.api.get(running.path("imagepipelines", "digits"))["status"]
    assert (status["stages"][0]["readyReplicas"], status["stages"][0]["message"]) == (2, FAILED)
    assert running.wait_reason("SelfTestFailed") == FAILED
    assert first < names_of(pods_of(running))

    running.apply(with_self_test(running))
    running.wait_ready()
    assert names_of(pods_of(running)) == first
