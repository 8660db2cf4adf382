"""Conditions of models and workers: the status has the problem, its reason and what to do."""

import pytest

from tests.support.kafka import SharedKafka
from tests.support.kube.pod_status import READY, CrashLooping, ImagePullBackOff, Ready
from tests.support.services.operator import Site

STAGE = {"darkroom.dev/stage": "classify"}


def test_a_missing_model_is_named_and_found_when_it_appears(here: Site, kafka: SharedKafka) -> None:
    here.start_strimzi(kafka.bootstrap_servers)
    here.start_kubelet()
    here.start_operator()
    here.apply(here.manifest())
    message = here.wait_reason("ModelNotFound", "StagesReady")
    assert message == (
        f'stage "classify": model configmap://model/model.onnx: there is no ConfigMap model in namespace '
        f"{here.namespace}: create it"
    )

    here.put_model()
    here.wait_ready(timeout_s=20)


def test_a_model_with_another_checksum_is_not_rolled_out(running: Site) -> None:
    manifest = running.manifest()
    manifest["spec"]["stages"][0]["model"]["sha256"] = (
        "17a77b11b3ca1f2ca6f86fa5ff92d2d7b1ad2bb8c4d72b4bbdae4e3ee6a4d2e2"
    )
    running.apply(manifest)
    message = running.wait_reason("ModelChecksumMismatch", "StagesReady")
    assert "the pipeline says 17a77b11" in message
    assert running.names("deployments") == []


@pytest.mark.parametrize(
    ("behaviour", "reason", "words"),
    [
        (ImagePullBackOff(), "ImagePullBackOff", "image "),
        (
            CrashLooping(
                'loading the model\nstage "classify": model configmap://model/model.onnx: not an ONNX file', exit_code=2
            ),
            "CrashLooping",
            'stage "classify": model configmap://model/model.onnx: not an ONNX file',
        ),
        (
            CrashLooping('stage "classify": model pvc://m/x: sha256 is 3f, the pipeline says 9a', exit_code=2),
            "ModelChecksumMismatch",
            "sha256 is 3f",
        ),
        (CrashLooping(reason="OOMKilled", exit_code=137), "CrashLooping", "raise resources.limits.memory"),
    ],
    ids=["image", "crash", "checksum", "memory"],
)
def test_the_reason_of_workers_that_do_not_start_is_reported(
    behaviour: ImagePullBackOff | CrashLooping, reason: str, words: str, running: Site
) -> None:
    running.kubelet.behave(behaviour, **STAGE)
    running.apply(running.manifest())
    assert words in running.wait_reason(reason, "StagesReady")
    stage = running.api.get(running.path("imagepipelines", "digits"))["status"]["stages"][0]
    assert (stage["replicas"], stage["readyReplicas"]) == (1, 0)
    assert words in stage["message"]

    running.kubelet.behave(READY, **STAGE)
    running.wait_ready()


def test_the_status_says_that_workers_do_not_use_their_gpu(running: Site) -> None:
    said = "Cpu Float32: there is no NVIDIA driver (libcuda.so.1)"
    running.kubelet.behave(Ready(f"{said}\n"), **STAGE)
    manifest = running.manifest()
    manifest["spec"]["stages"][0] |= {
        "execution": {"provider": "Cuda"},
        "resources": {"limits": {"nvidia.com/gpu": 1}},
    }
    running.apply(manifest)
    running.wait_ready()
    status = running.api.get(running.path("imagepipelines", "digits"))["status"]
    assert status["stages"][0]["execution"] == said
