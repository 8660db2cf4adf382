"""Manifests for tests: a small valid pipeline, changed as a test needs."""

from typing import Any


def pipeline_manifest(
    *, name: str = "digits", namespace: str = "demo", stages: list[str] | None = None, **spec: Any
) -> dict[str, Any]:
    """A valid ImagePipeline with a Classification stage for each of `stages`; `spec` overrides fields of the spec."""
    return {
        "apiVersion": "darkroom.dev/v1alpha1",
        "kind": "ImagePipeline",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "kafka": {"cluster": {"name": "events", "namespace": "kafka"}},
            "stages": [
                {
                    "name": stage,
                    "model": {"uri": "configmap://digits-model/digits.onnx"},
                    "output": {"type": "Classification"},
                }
                for stage in stages or ["classify"]
            ],
            **spec,
        },
    }
