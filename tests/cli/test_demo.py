"""`make demo`."""

import re
import subprocess
import sys

from tests.support.services.command_line import IMAGES


def test_every_sample_is_analysed_and_shown_with_its_true_label() -> None:
    ran = subprocess.run([sys.executable, "scripts/demo.py"], capture_output=True, text=True, timeout=200, check=False)
    assert ran.returncode == 0, ran.stderr
    for image in IMAGES.iterdir():
        row = next(line.split() for line in ran.stdout.splitlines() if image.name in line)
        assert len(row) == 5
        assert 0 <= float(row[2]) <= 1
        assert row[3] == image.stem.rpartition("-")[2]
    # The model's accuracy is 99 % on digits that were not used for training.
    accuracy = re.search(r"^accuracy (\d+\.\d)%", ran.stdout, re.MULTILINE)
    assert accuracy is not None
    assert float(accuracy[1]) >= 97
    assert re.search(r"^throughput \d+ images/s", ran.stdout, re.MULTILINE)
    assert re.search(r"^latency p50 \d+ ms, p99 \d+ ms$", ran.stdout, re.MULTILINE)
    assert re.search(r"^first analysis after \d+\.\d s, all after \d+\.\d s", ran.stdout, re.MULTILINE)
