"""`make demo`."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from darkroom_cli.client.service import Service
from tests.support.documents import ROOT
from tests.support.services.command_line import IMAGES

SAMPLES = ROOT / "k8s" / "samples"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture(scope="module")
def printed(pictures: Path) -> list[str]:
    command = [sys.executable, "-m", "scripts.demo", "--pictures", str(pictures)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_the_demo_is_kept_running_for_the_console_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.demo", "--pictures", str(tmp_path), "--keep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        try:
            lines = iter(demo.stdout or ())
            url = next(line.split()[2] for line in lines if line.startswith("web console: "))
            with Service(url) as service:
                assert {pipeline["name"] for pipeline in service.get("/v1/pipelines").json()["pipelines"]} == {
                    "digits",
                    "objects",
                    "text",
                }
            demo.send_signal(signal.SIGINT)
            assert demo.wait(60) == 0
        finally:
            demo.kill()


def test_every_digit_is_analysed_and_shown_with_its_true_label(printed: list[str]) -> None:
    for image in IMAGES.iterdir():
        row = next(line.split() for line in printed if image.name in line)
        assert len(row) == 5
        assert 0 <= float(row[2]) <= 1
        assert row[3] == image.stem.rpartition("-")[2]
    output = "\n".join(printed)
    # The model's accuracy is 99 % on digits that were not used for training.
    accuracy = re.search(r"^accuracy (\d+\.\d)%", output, re.MULTILINE)
    assert accuracy is not None
    assert float(accuracy[1]) >= 97
    assert re.search(r"^throughput \d+ images/s", output, re.MULTILINE)
    assert re.search(r"^latency p50 \d+ ms, p99 \d+ ms$", output, re.MULTILINE)
    assert re.search(r"^first analysis after \d+\.\d s$", output, re.MULTILINE)
    assert re.search(r"^all analysed after \d+\.\d s, everything stopped after \d+\.\d s$", output, re.MULTILINE)


@pytest.mark.parametrize(
    ("sample", "found"), [("objects", r"\d+: (animal|flower|fruit|vehicle) 0\.\d\d.*"), ("text", r"\S.*")]
)
def test_what_was_found_in_every_image_is_shown_and_drawn(
    printed: list[str], pictures: Path, sample: str, found: str
) -> None:
    images = list((SAMPLES / sample).iterdir())
    for image in images:
        assert any(re.fullmatch(rf" *{re.escape(image.name)} +{found}", line) for line in printed), image.name
        assert Image.open(pictures / sample / f"{image.stem}.png").width >= 320
    assert len(list((pictures / sample).iterdir())) == len(images)
    assert any(line.endswith(str(pictures)) for line in printed)
