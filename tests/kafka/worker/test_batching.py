"""Several images in one run of the model: order, dead letters and delivery are as with one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Message
from PIL import Image

from tests.support.images.pictures import encoded
from tests.support.models.bad_model import bad_model
from tests.support.models.onnx_files import fails_on_bright_file
from tests.support.services.stage import TriedStage, headers, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]

EXECUTION = {"batch": {"max": 8, "window": "20ms"}}
COUNT = 60


def about(ids: list[str]) -> Callable[[list[Message]], bool]:
    return lambda messages: set(ids) <= set(image_ids(messages))


def grey(level: int) -> bytes:
    return encoded(Image.new("L", (2, 2), level), "PNG")


@pytest.mark.parametrize("delivery", ["AtLeastOnce", "ExactlyOnce"])
def test_images_of_a_run_that_fails_get_their_results_in_order(stage: Stage, tmp_path: Path, delivery: str) -> None:
    few = stage(
        model=fails_on_bright_file(tmp_path / "x.onnx"),
        images={"partitions": 1},
        stage={
            "delivery": delivery,
            "maxAttempts": 2,
            "execution": EXECUTION,
            "input": {"scale": 1 / 255},
            "output": {"type": "Embedding"},
        },
        loops=2,
    )
    ids = [f"i{n}" for n in range(COUNT)]
    white = {"i17", "i18", "i40"}
    few.send([(image, b"k", grey(255 if image in white else 9)) for image in ids])
    worker = few.worker(**bad_model(tmp_path / "hook", in_one_process=True))
    healthy = [image for image in ids if image not in white]
    assert image_ids(few.results(about(healthy))) == healthy
    letters = few.dead_letters(about(sorted(white)))
    assert image_ids(letters) == sorted(white)
    assert {headers(letter)["darkroom-error-attempts"] for letter in letters} == {"2"}
    assert "it fails on an input of shape (1, 1, 2, 2)" in headers(letters[0])["darkroom-error-message"]
    assert worker.metric("darkroom_worker_execution_info", provider="Cpu", requested="Auto", fallback="false") == 1
    assert "execution provider chosen" in worker.said()
    runs = worker.metric("darkroom_worker_run_images_count")
    images = worker.metric("darkroom_worker_run_images_sum")
    assert images >= len(healthy)
    assert images > runs
    assert worker.metric("darkroom_worker_images_total", outcome="analyzed") == len(healthy)


def test_of_a_run_that_crashes_the_process_only_the_image_that_causes_it_becomes_a_dead_letter(
    stage: Stage, tmp_path: Path
) -> None:
    digits = stage(images={"partitions": 1}, stage={"maxAttempts": 1, "execution": EXECUTION})
    good = samples()[1]
    ids = [f"i{n}" for n in range(COUNT)]
    digits.send([(image, b"k", good + b"ABORT" * (image == "i33")) for image in ids])
    worker = digits.worker(**bad_model(tmp_path / "hook"))
    (letter,) = digits.dead_letters(about(["i33"]), timeout_s=150, meanwhile=worker.keep_running)
    assert headers(letter)["darkroom-error-reason"] == "PoisonImage"
    healthy = [image for image in ids if image != "i33"]
    found = image_ids(digits.results(about(healthy), meanwhile=worker.keep_running))
    assert list(dict.fromkeys(found)) == healthy
    until(lambda: sum(offset for offset, _ in digits.committed().values() if offset > 0) == COUNT, "all committed")
