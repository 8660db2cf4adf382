"""`darkroom up` reports what can't be started in one line, before it accepts images, and leaves nothing running."""

import base64
import json
import socket
import uuid
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tests.support.kafka import SharedKafka
from tests.support.manifests import pipeline_manifest
from tests.support.services.command_line import SAMPLE, Ran, darkroom, processes_of, sample_in

SHA256 = "6f1517a546fd41acb7f546e975a52cd48e27d3cf1d85fb9a3b0fbb437e92dad3"

_TWO_WITH_ONE_TOKEN = b"""
tokens:
- {name: a, token: the-token-of-a-camera, pipelines: [demo/*], rights: [Read]}
- {name: b, token: the-token-of-a-camera, pipelines: [demo/*], rights: [Read]}
"""


def up(manifest: Path, data_dir: Path, *options: str | Path) -> Ran:
    ran = darkroom("up", manifest, "--data-dir", data_dir, *([] if "--port" in options else ["--port", "0"]), *options)
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert processes_of(data_dir) == {}
    return ran


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((SHA256, "f" * 64), "sha256 is 6f1517a5"),
        (("input: {width: 28", "input: {width: 32"), "input.width"),
        (("[zero, one, two,", "[one, two,"), "output.labels"),
    ],
    ids=["wrong checksum", "a shape that the model contradicts", "a label too few"],
)
def test_an_unusable_model_is_reported_with_its_stage(
    tmp_path: Path, kafka: SharedKafka, change: tuple[str, str], words: str
) -> None:
    namespace = f"ns-{uuid.uuid4().hex[:8]}"
    manifest = sample_in(tmp_path, namespace, change)
    ran = up(manifest, tmp_path / "data", "--bootstrap-servers", kafka.bootstrap_servers)
    assert ran.code == 2
    topics = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=20).topics
    assert [topic for topic in topics if topic.startswith(namespace)] == []
    told = next(line for line in ran.errors if 'stage "classify": model configmap://digits-model/digits.onnx: ' in line)
    assert words in told


def test_a_stage_that_fails_its_self_test_is_reported_with_what_differs(tmp_path: Path, kafka: SharedKafka) -> None:
    namespace = f"ns-{uuid.uuid4().hex[:8]}"
    # Wrong pre-processing: the model was trained with pixels / 255.
    manifest = sample_in(tmp_path, namespace, ("scale: 0.00392156862745098", "scale: 0.002"))
    ran = up(manifest, tmp_path / "data", "--bootstrap-servers", kafka.bootstrap_servers)
    assert ran.code == 2
    topics = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(timeout=20).topics
    assert [topic for topic in topics if topic.startswith(namespace)] == []
    assert ran.errors[-1].startswith(
        f'darkroom: {namespace}/digits: stage "classify": self-test failed: configmap://digits-model/seven.png: '
        "predictions[0].score: expected 0.79, got "
    )


def test_a_model_that_is_not_onnx_is_reported_with_its_stage(tmp_path: Path) -> None:
    manifest = pipeline_manifest()
    (tmp_path / "digits.onnx").write_bytes(b"hello")
    manifest["spec"]["stages"][0]["model"]["uri"] = "file:digits.onnx"
    file = tmp_path / "pipeline.yaml"
    file.write_text(json.dumps(manifest), encoding="utf-8")
    # Without --bootstrap-servers: the Kafka that starts at the same time is stopped, which `up` checks.
    ran = up(file, tmp_path / "data")
    assert ran.code == 2
    assert "Creating the topics" not in ran.err
    assert 'stage "classify": model file:digits.onnx: ' in ran.errors[-1]


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([], "ConfigMap demo/digits-model is not in the files given"),
        ([{"binaryData": {"other.onnx": base64.b64encode(b"x").decode()}}], "has no key 'digits.onnx'"),
    ],
    ids=["no ConfigMap", "no such key"],
)
def test_a_missing_model_is_reported_with_its_stage(
    tmp_path: Path, documents: list[dict[str, object]], words: str
) -> None:
    config_map = {"kind": "ConfigMap", "metadata": {"name": "digits-model", "namespace": "demo"}}
    file = tmp_path / "pipeline.yaml"
    parts = [pipeline_manifest(), *(config_map | document for document in documents)]
    file.write_text("\n---\n".join(json.dumps(part) for part in parts), encoding="utf-8")
    ran = up(file, tmp_path / "data")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ': spec.stages[0].model.uri: stage "classify": ' in ran.err
    assert words in ran.err
    assert not (tmp_path / "data").exists()


def test_an_invalid_manifest_is_reported_like_by_validate(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(json.dumps(pipeline_manifest(stages=["a", "a"], replica=1)), encoding="utf-8")
    ran = up(file, tmp_path / "data")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ": spec.replica: unknown field" in ran.err


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = up(SAMPLE, tmp_path / "data", "--port", str(port))
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert f"port {port} on 127.0.0.1: Address already in use" in ran.err
    assert not (tmp_path / "data").exists()


def test_an_address_that_lets_everybody_in_is_refused_before_anything_starts(tmp_path: Path) -> None:
    ran = up(SAMPLE, tmp_path / "data", "--host", "0.0.0.0")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "set --token-file to a file" in ran.err
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff", "can't be read: it is not UTF-8"),
        (b"tokens:\n- name: a: b\n", "is not valid YAML at line 2"),
        (b"tokens: [{name: camera}]", "tokens.0.pipelines: Field required"),
        (_TWO_WITH_ONE_TOKEN, "a and b have the same token"),
    ],
    ids=["not UTF-8", "not YAML", "no pipelines", "two callers with one token"],
)
def test_an_invalid_token_file_is_reported_before_anything_starts(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "tokens.yaml"
    file.write_bytes(content)
    ran = up(SAMPLE, tmp_path / "data", "--token-file", file)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert ran.errors[0].startswith(f"darkroom: token file {file}")
    assert words in ran.err
    assert not (tmp_path / "data").exists()


def test_an_unwritable_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = up(SAMPLE, tmp_path / "file" / "data")
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert f"data folder {tmp_path}/file/data: Not a directory" in ran.err


def test_data_of_another_kafka_version_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    marker = {"kafka_version": "3.9.0", "cluster_id": "MkU3OEVBNTcwNTJENDM2Qg", "node_id": 1}
    (tmp_path / "kafka" / "darkroom-kafka.json").write_text(json.dumps(marker), encoding="utf-8")
    ran = up(SAMPLE, tmp_path)
    assert ran.code == 1
    assert "holds data of Kafka 3.9.0" in ran.errors[-1]


def test_an_unreachable_kafka_exits_with_3(tmp_path: Path) -> None:
    ran = up(SAMPLE, tmp_path / "data", "--bootstrap-servers", "127.0.0.1:9")
    assert ran.code == 3
    assert "no Kafka broker responds at 127.0.0.1:9" in ran.errors[-1]
