"""Images per second by batch size: `python -m benchmarks.batching [--provider Cuda]`.

Runs a model on batches of 1, 4, 8 and 16 images, in one thread and in one thread per core with a shared session, as a
worker's loops do. The digits model is the smallest that a stage is likely to run; SqueezeNet and DenseNet-121 (from the
`onnx` wheel, without their weights) are as slow as real ones. `ratio` compares with batches of 1 in the same run; every
figure is the best of several rounds, because other programs can only make a round slower. The first line shows the time
of a whole analysis of a sample digit, including decoding: a batch can save at most the difference in `us`.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx

from darkroom.api.execution import Execution
from darkroom.api.pipeline import Stage
from darkroom_vision.analyse import Analyser, prepare
from darkroom_vision.model.session import OnnxModel, load_model

REPOSITORY = Path(__file__).parents[1]
DIGITS = REPOSITORY / "models" / "digits" / "digits.onnx"
SAMPLES = REPOSITORY / "k8s" / "samples" / "digits"
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
BATCHES = (1, 4, 8, 16)


def main() -> None:
    """Print one line for each model, number of threads and batch size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each (default: %(default)s)")
    parser.add_argument("--provider", choices=["Cpu", "Cuda", "OpenVino"], default="Cpu", help="(default: %(default)s)")
    options = parser.parse_args()
    execution = Execution(provider=options.provider)
    cores = len(os.sched_getaffinity(0))
    print(f"whole analysis of a digit: {analysis_us():.0f} us")
    print(f"{'model':<14} {'threads':>7} {'batch':>5} {'images/s':>9} {'us':>9} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        models = {
            "digits": (load_model(DIGITS, execution=execution), (1, 28, 28)),
            "squeezenet": (open_batch("light_squeezenet", Path(folder), execution), (3, 224, 224)),
            "densenet121": (open_batch("light_densenet121", Path(folder), execution), (3, 224, 224)),
        }
        for name, (model, shape) in models.items():
            for threads in sorted({1, cores}):
                report(name, model, shape, threads, options.seconds, options.rounds)


def report(name: str, model: OnnxModel, shape: tuple[int, ...], threads: int, seconds: float, rounds: int) -> None:
    """Measure all batch sizes in each round, so that a slow moment of the machine affects all of them."""
    best = dict.fromkeys(BATCHES, 0.0)
    for _ in range(rounds):
        for batch in BATCHES:
            feeds = {model.inputs[0].name: np.random.default_rng(batch).random((batch, *shape), np.float32)}
            best[batch] = max(best[batch], rate(lambda feeds=feeds: model.run(feeds), batch, threads, seconds))
    for batch, images_per_s in best.items():
        us = threads * 1e6 / images_per_s
        print(f"{name:<14} {threads:>7} {batch:>5} {images_per_s:>9.1f} {us:>9.1f} {images_per_s / best[1]:>6.2f}")


def analysis_us() -> float:
    """CPU time in microseconds for one sample digit, from file to result; the best of several rounds."""
    stage = Stage.model_validate(
        {"name": "classify", "model": {"uri": "file:digits.onnx"}, "output": {"type": "Classification"}}
    )
    analyser = Analyser(prepare(load_model(DIGITS), stage))
    images = [file.read_bytes() for file in sorted(SAMPLES.iterdir())]
    rounds = []
    for _ in range(5):
        began = time.thread_time()
        for image in images:
            analyser.analyse(image)
        rounds.append((time.thread_time() - began) / len(images))
    return min(rounds) * 1e6


def rate(run: Callable[[], object], batch: int, threads: int, seconds: float) -> float:
    """Images per second of `threads` threads together."""

    def work(until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            run()
            done += batch
        return done

    run()
    with ThreadPoolExecutor(threads) as pool:
        began = time.perf_counter()
        images = sum(pool.map(work, [began + seconds] * threads))
        return images / (time.perf_counter() - began)


def open_batch(name: str, folder: Path, execution: Execution) -> OnnxModel:
    """A model of the `onnx` wheel with a dynamic batch size. It must not contain a Reshape to a batch of 1."""
    proto = onnx.load(LIGHT / f"{name}.onnx")
    del proto.graph.value_info[:]
    for value in (*proto.graph.input, *proto.graph.output):
        if value.name not in {constant.name for constant in proto.graph.initializer}:
            value.type.tensor_type.shape.dim[0].dim_param = "N"
    path = folder / f"{name}.onnx"
    onnx.save(proto, path)
    return load_model(path, execution=execution)


if __name__ == "__main__":
    main()
