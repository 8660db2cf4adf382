"""The commands in the documents work, and the targets of their links exist."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from PIL import Image

from darkroom_cli.processes.ports import Reservation
from tests.support.documents import ROOT, Block, blocks, documents
from tests.support.models.made_families import MADE
from tests.support.until import until

_LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#)(?P<path>[^)#\s]+)(#[^)]*)?\)")
_DEFAULT_PORTS = ("8080", "9092")
_COMMAND_DEADLINE_S = 200


@pytest.fixture
def ports() -> dict[str, str]:
    """Free ports in place of those in the documents, so that documents can be tested in parallel."""
    reservations = [Reservation() for _ in _DEFAULT_PORTS]
    for reservation in reservations:
        reservation.release()
    return dict(zip(_DEFAULT_PORTS, (str(reservation.port) for reservation in reservations), strict=True))


@pytest.fixture
def reader(tmp_path: Path, ports: dict[str, str]) -> dict[str, str]:
    """The environment of a user who has run `make setup` and activated .venv."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DARKROOM_PORT": ports["8080"],
        "DARKROOM_URL": f"http://127.0.0.1:{ports['8080']}",
        "DARKROOM_DATA_DIR": str(tmp_path / "data"),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the files that the documents' commands use."""
    folder = tmp_path / "darkroom"
    folder.mkdir()
    for name in ("k8s", "models", "docs"):
        shutil.copytree(ROOT / name, folder / name)
    # What a reader has brought along: a model of the layout that the documents name, and a picture.
    MADE["detector"](folder / "yolo11n.onnx")
    Image.new("RGB", (320, 240), (90, 90, 90)).save(folder / "street.jpg")
    return folder


@contextmanager
def in_background(commands: str, environment: dict[str, str], folder: Path) -> Iterator[None]:
    """Run `commands` during the block, which starts once they print that they are ready."""
    log = folder / f"{commands.split()[1]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {commands}"], cwd=folder, env=environment, stdout=output, stderr=output
        )
    try:

        def ready() -> bool:
            assert process.poll() is None, f"ended at once: {log.read_text()}"
            return "ready: " in log.read_text()

        until(ready, "ready", 120)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            process.kill()


@pytest.mark.parametrize("document", [document for document in documents() if blocks(document, "sh")], ids=str)
def test_the_commands_of_a_document_work_in_order(
    document: Path, reader: dict[str, str], ports: dict[str, str], copy: Path
) -> None:
    with ExitStack() as background:
        for block in blocks(document, "sh"):
            commands = block.commands
            for default, port in ports.items():
                commands = commands.replace(default, port)
            if block.in_background:
                background.enter_context(in_background(commands, reader, copy))
                continue
            run(Block(block.line, commands), document, reader, copy)


@pytest.mark.parametrize("document", [document for document in documents() if blocks(document, "sh checkout")], ids=str)
def test_every_command_for_the_checkout_works_there(document: Path, reader: dict[str, str]) -> None:
    for block in blocks(document, "sh checkout"):
        run(block, document, reader, ROOT)


def run(block: Block, document: Path, environment: dict[str, str], folder: Path) -> None:
    """Run the commands of `block`. Fails with their output if one of them fails."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.commands],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_COMMAND_DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, f"{document}:{block.line}\n{block.commands}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("document", documents(), ids=str)
def test_every_link_of_a_document_has_a_target(document: Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    broken = [m["path"] for m in _LINK.finditer(text) if not (ROOT / document).parent.joinpath(m["path"]).exists()]
    assert broken == []
