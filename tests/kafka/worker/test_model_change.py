"""A stage's model is replaced while images arrive, as a rolling update does: none is lost."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import onnx
import pytest

from darkroom.files.checksums import sha256_of
from tests.support.model_servers.push import oras_file, push
from tests.support.model_servers.registry import Registry
from tests.support.services.stage import MODEL, TriedStage, WorkerProcess, image_ids, samples
from tests.support.until import until

Stage = Callable[..., TriedStage]

KEYS = 20


class Flow:
    """Images that are sent in a thread, one batch after the other."""

    def __init__(self, stage: TriedStage) -> None:
        self._stage = stage
        self._images = samples()
        self._ends = threading.Event()
        self.sent: list[str] = []

    def send(self, count: int = 20) -> None:
        """Send a batch."""
        first = len(self.sent)
        numbers = range(first, first + count)
        self._stage.send((f"i{n:06}", f"key-{n % KEYS}".encode(), self._images[n % len(self._images)]) for n in numbers)
        self.sent += [f"i{n:06}" for n in numbers]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send batches until the block ends."""

        def keep_sending() -> None:
            while not self._ends.is_set():
                self.send()

        thread = threading.Thread(target=keep_sending)
        thread.start()
        try:
            yield
        finally:
            self._ends.set()
            thread.join()


def analyzed(worker: WorkerProcess) -> float:
    return worker.metric("darkroom_worker_images_total", outcome="analyzed")


def another(model: Path, target: Path) -> Path:
    """The same network as another file."""
    changed = onnx.load(model)
    changed.doc_string = "retrained"
    onnx.save_model(changed, target)
    return target


@pytest.mark.parametrize("delivery", ["AtLeastOnce", "ExactlyOnce"])
def test_a_new_model_answers_every_image_that_the_old_one_has_not(stage: Stage, tmp_path: Path, delivery: str) -> None:
    models = {"v1": MODEL, "v2": another(MODEL, tmp_path / "digits.onnx")}
    sha256 = {tag: sha256_of(path) for tag, path in models.items()}
    with Registry(tmp_path / "registry") as registry:
        for tag, path in models.items():
            push(registry.url, "digits", tag, [oras_file("digits.onnx", path.read_bytes())])

        def with_model(tag: str, **namespace: str) -> TriedStage:
            model = {"uri": f"oci://{registry.host}/digits:{tag}", "sha256": sha256[tag]}
            return stage(
                model=None, stage={"delivery": delivery, "model": model}, images={"partitions": 6}, **namespace
            )

        cache = {"DARKROOM_CACHE_DIR": str(tmp_path / "cache")}
        old = with_model("v1")
        leaving = [old.worker(**cache).ready() for _ in range(2)]
        new = with_model("v2", namespace=old.namespace)
        flow = Flow(old)
        with flow.running():
            for worker in leaving:
                until(partial(analyzed, worker), "images analysed")
                new.worker(**cache).ready()
                assert worker.end() == 0
            for worker in new.workers:
                until(partial(analyzed, worker), "images analysed")
        flow.send()
        wanted = set(flow.sent)
        results = new.results(lambda messages: wanted <= set(image_ids(messages)))
        used = {
            image_id: json.loads(message.value() or b"")["model"]["sha256"]
            for image_id, message in zip(image_ids(results), results, strict=True)
        }
        assert set(used) == wanted
        assert set(used.values()) == set(sha256.values())
        assert {used[image_id] for image_id in flow.sent[-20:]} == {sha256["v2"]}
        # Both models release their partitions gracefully, so that no image is analysed twice.
        assert sorted(image_ids(results)) == flow.sent
        assert new.dead_letters(lambda _found: True) == []
        assert [worker.end() for worker in new.workers] == [0, 0]
