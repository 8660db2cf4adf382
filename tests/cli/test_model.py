"""`darkroom init` and `darkroom model`, which need no running service."""

import ssl
from pathlib import Path

import pytest
from PIL import Image

from tests.support.documents import ROOT
from tests.support.model_servers.file_server import file_server
from tests.support.services.command_line import IMAGES, SAMPLE, darkroom
from tests.support.strimzi.users.certificate_authority import CertificateAuthority

AUTHORITY = CertificateAuthority.create("tests")
MODEL = ROOT / "models" / "digits" / "digits.onnx"
ONE, THREE = sorted(IMAGES.iterdir())[:2]


def test_inspect_shows_the_file_its_family_and_a_stage_that_is_valid(tmp_path: Path) -> None:
    lines = darkroom("model", "inspect", MODEL).out.splitlines()
    for line in (
        "opset       ai.onnx 17; IR version 9",
        "parameters  15,018",
        "input       image: tensor(float) (?, 1, 28, 28)",
        "family      classifier: type Classification",
        "- name: classify",
    ):
        assert line in lines
    head = (
        "apiVersion: darkroom.dev/v1alpha1\nkind: ImagePipeline\nmetadata: {name: a}\n"
        "spec:\n  kafka: {bootstrapServers: b:9092}\n  stages:\n"
    )
    block = lines[lines.index("- name: classify") :]
    (tmp_path / "p.yaml").write_text(head + "\n".join(f"    {line}" for line in block))
    assert darkroom("validate", tmp_path / "p.yaml").code == 0


def test_inspect_as_json(tmp_path: Path) -> None:
    found = darkroom("model", "inspect", MODEL, "--json").json
    assert (found["opsets"], found["operators"]["Gemm"], found["missingOperators"]) == ({"ai.onnx": 17}, 3, [])
    assert found["stage"]["output"] == {"type": "Classification", "activation": "Softmax"}
    (tmp_path / "m.onnx").write_text("junk")
    ran = darkroom("model", "inspect", tmp_path / "m.onnx", "--json")
    assert (ran.code, ran.json["family"]) == (1, None)
    assert "cannot load it" in ran.json["problem"]


def test_a_file_that_is_not_there_is_invalid_input(tmp_path: Path) -> None:
    for command in ("inspect", "run"):
        ran = darkroom("model", command, tmp_path / "m.onnx", *([ONE] if command == "run" else []))
        assert (ran.code, ran.out, len(ran.errors)) == (2, "", 1)
        assert "No such file" in ran.err


def test_results_are_saved_as_self_tests(tmp_path: Path) -> None:
    assert darkroom("init", MODEL, "--sample", ONE, folder=tmp_path).code == 0
    ran = darkroom("model", "run", MODEL, THREE, "--save-test", "pipeline.yaml#classify", folder=tmp_path)
    assert ran.code == 0
    assert ran.errors[-1] == 'pipeline.yaml: the self-test of stage "classify" saved'
    assert (tmp_path / "pipeline.yaml").read_text().count("- image: file:") == 2
    assert darkroom("validate", "pipeline.yaml", folder=tmp_path).code == 0
    both = darkroom("model", "run", MODEL, ONE, "--stage", "p.yaml", "--save-test", "p.yaml", folder=tmp_path)
    assert (both.code, len(both.errors)) == (2, 1)


def test_init_then_run_with_the_stage_it_wrote(tmp_path: Path) -> None:
    written = darkroom("init", MODEL, "--name", "numbers", folder=tmp_path)
    assert (written.code, written.out) == (0, "pipeline.yaml: numbers, stage classify (classifier)\n")
    assert "? What are the names of the 10 classes?" in written.err
    assert darkroom("validate", "pipeline.yaml", folder=tmp_path).code == 0
    ran = darkroom("model", "run", MODEL, ONE, THREE, "--stage", "pipeline.yaml#classify", folder=tmp_path)
    assert ran.code == 0
    assert [line.rpartition(" 0.")[0] for line in ran.out.splitlines()] == [f"{ONE}: 1", f"{THREE}: 3"]
    again = darkroom("init", MODEL, folder=tmp_path)
    assert (again.code, again.out) == (2, "")


def test_run_uses_the_labels_of_a_stage_and_draws_pictures(tmp_path: Path) -> None:
    stage = f"{SAMPLE}#classify"
    ran = darkroom("model", "run", MODEL, ONE, THREE, "--stage", stage, "--draw", tmp_path / "out", "--json")
    assert ran.code == 0
    assert [image["predictions"][0]["label"] for image in ran.json] == ["one", "three"]
    assert ran.json[0]["image"]["format"] == "jpeg"
    for image in (ONE, THREE):
        assert Image.open(tmp_path / "out" / f"{image.stem}.png").size >= Image.open(image).size


def test_an_image_that_fails_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image")
    ran = darkroom("model", "run", MODEL, tmp_path / "text.png", ONE)
    assert ran.code == 1
    assert ran.out.splitlines()[0].startswith(f"{tmp_path / 'text.png'}: NotAnImage: ")
    assert ran.out.splitlines()[1].startswith(f"{ONE}: 1 0.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", MODEL, ONE, "--stage", "gone.yaml"), "gone.yaml: can't be read"),
        (("run", MODEL, ONE, "--stage", SAMPLE), "#NAME with one of classify, embed"),
        (("run", MODEL, ONE, "--stage", f"{SAMPLE}#x"), "has no stage 'x'"),
        (("run", MODEL, ONE, THREE, "--draw", "a.png"), "name a folder"),
        (("run", MODEL, ONE, "--draw", "a.txt"), "ends in .png"),
        (("run", MODEL, "gone.png"), "gone.png: there is no such file"),
        (("quantize", MODEL, ONE, "-o", "q.onnx"), "give at least 2"),
    ],
)
def test_a_wrong_argument_is_said_in_one_line(tmp_path: Path, arguments: tuple[str | Path, ...], words: str) -> None:
    ran = darkroom("model", *arguments, folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.errors[-1]
    assert list(tmp_path.iterdir()) == []


def test_quantize_writes_a_smaller_model_that_agrees(tmp_path: Path) -> None:
    target = tmp_path / "small.onnx"
    ran = darkroom("model", "quantize", MODEL, IMAGES, "-o", target, "--json")
    assert (ran.code, ran.json["written"]) == (0, str(target))
    assert ran.json["agreement"] >= 0.95
    assert target.stat().st_size == ran.json["bytesAfter"] < MODEL.stat().st_size
    assert darkroom("model", "run", target, ONE).out.startswith(f"{ONE}: 1 0.")


def test_quantize_refuses_a_model_that_does_not_agree(tmp_path: Path) -> None:
    """An embedding in int8 never agrees exactly."""
    target = tmp_path / "small.onnx"
    embed = MODEL.with_name("digits-embed.onnx")
    ran = darkroom("model", "quantize", embed, IMAGES, "-o", target, "--threshold", "1")
    assert (ran.code, target.exists()) == (1, False)
    assert "not written: the agreement is below 100.0%" in ran.err


def test_check_compares_with_the_reference_and_times_each_step() -> None:
    ran = darkroom("model", "check", MODEL, THREE, "--stage", f"{SAMPLE}#classify")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == ["input", "output", "answer", "reference", "ms"]
    (found,) = darkroom("model", "check", MODEL, THREE, "--json").json
    assert found["largestLevels"] < 3
    assert found["outputs"]["logits"] < 1
    assert (found["agreement"], found["milliseconds"].keys()) == (
        1,
        {"decode", "preprocess", "inference", "reference"},
    )


def test_a_model_is_fetched_with_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    issued = AUTHORITY.issue("127.0.0.1", addresses=("127.0.0.1",))
    for name, content in {"ca": AUTHORITY.certificate, "own": issued.certificate + issued.key}.items():
        (tmp_path / f"{name}.pem").write_bytes(content)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "own.pem")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with file_server(MODEL.read_bytes(), tls) as server:
        uri = f"{server.url}/models/digits.onnx"
        assert darkroom("model", "inspect", uri, "--json").json["stage"]["model"]["uri"] == uri
        server.redirect = "http://example.org/digits.onnx"
        ran = darkroom("model", "inspect", uri)
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert ran.err.endswith("it redirects to http://example.org, which is not encrypted\n")
