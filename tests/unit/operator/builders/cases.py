"""Two pipelines, a minimal and a full one, and the inputs of their workers."""

from pathlib import Path
from typing import Any

import yaml

from darkroom.api.pipeline import ImagePipeline
from darkroom.api.validation import parse_pipeline
from darkroom.topology import StagePlan, topology
from darkroom_operator.builders.workload import (
    Fetched,
    KafkaAccess,
    ModelFiles,
    MountedFile,
    Peer,
    SecretFiles,
    WorkerImage,
    Workload,
)
from darkroom_operator.kafka.credentials import connection

BUILT = Path(__file__).parent / "built"

SMALL = Workload(
    image=WorkerImage("example.org/inference:1.2.3"),
    kafka=KafkaAccess(
        connection=connection(
            "events-kafka-bootstrap.kafka.svc:9093", {"password", "ca.crt"}, tls=True, username="demo.digits.classify"
        ),
        secrets=(SecretFiles("digits-classify-kafka", {"ca.crt": "ca.crt", "password": "password"}),),
        digest="credentials-1",
        peer=Peer((9093,), "kafka", {"strimzi.io/cluster": "events", "strimzi.io/kind": "Kafka"}),
    ),
    files=ModelFiles(
        MountedFile(
            {"configMap": {"name": "digits-model", "items": [{"key": "digits.onnx", "path": "digits.onnx"}]}},
            "digits.onnx",
            "model-1",
        )
    ),
)
FULL = Workload(
    image=WorkerImage("example.org/inference:1.2.3", "Always"),
    kafka=KafkaAccess(
        connection=connection("b1:9092,b2:9093", {"user.crt", "user.key"}, tls=True),
        secrets=(SecretFiles("street-user", {"user.crt": "user.crt", "user.key": "user.key"}),),
        digest="credentials-2",
        peer=Peer((9092, 9093)),
    ),
    files=ModelFiles(
        Fetched(9000),
        MountedFile({"persistentVolumeClaim": {"claimName": "labels", "readOnly": True}}, "cars/names.txt"),
        (
            MountedFile(
                {"configMap": {"name": "cars", "items": [{"key": "one.png", "path": "one.png"}]}}, "one.png", "image-1"
            ),
            Fetched(8443),
        ),
    ),
    credentials=("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL"),
)
CASES = {"small": SMALL, "full": FULL}


def pipeline_of(case: str) -> tuple[ImagePipeline, StagePlan]:
    pipeline = parse_pipeline(manifest_of(case))
    return pipeline, topology(pipeline).stages[0]


def manifest_of(case: str) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.load((BUILT / f"{case}.pipeline.yaml").read_text(), yaml.CSafeLoader)
    return manifest
