"""Milliseconds per image by execution provider: `python -m benchmarks.providers`.

Compares the providers of the installed ONNX Runtime on the digits model and, from the `onnx` wheel, SqueezeNet,
ResNet-50 and DenseNet-121 without their weights, which cost as much as with them. For OpenVINO:

    uv pip install --no-deps --target build/openvino -r services/inference/runtimes/openvino.txt
    PYTHONPATH=build/openvino python -m benchmarks.providers

Runs of the providers alternate, so that a slow moment of the machine affects all of them. `cpu ms` is the median of the
CPU time of a run in one thread, which other programs do not change; `images/s` is the best round of all threads
together, as a worker's loops run; `ratio` compares both with Cpu; `difference` is that of the outputs.
"""

import argparse
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from darkroom.api.execution import Execution
from darkroom_vision.model.provider_trial import difference
from darkroom_vision.model.providers import Machine, choose
from darkroom_vision.model.session import OnnxModel, load_model, open_session

DIGITS = Path(__file__).parents[1] / "models" / "digits" / "digits.onnx"
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
MODELS = (DIGITS, *(LIGHT / f"light_{name}.onnx" for name in ("squeezenet", "resnet50", "densenet121")))
LEAST_RUNS = 5
WANTED = (
    Execution(provider="Cpu"),
    Execution(provider="OpenVino"),
    Execution(provider="OpenVino", precision="Bfloat16"),
    Execution(provider="Cuda", precision="Float32"),
    Execution(provider="Cuda"),
)


def main() -> None:
    """Print one line for each model and provider."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement (default: %(default)s)")
    options = parser.parse_args()
    print(f"{'model':<18} {'provider':<22} {'cpu ms':>8} {'ratio':>6} {'images/s':>9} {'ratio':>6} {'difference':>10}")
    for path in MODELS:
        report(path, options.seconds)


def report(path: Path, seconds: float) -> None:
    """Measure all available providers on a model."""
    models = available(path)
    port = models["Cpu Float32"].inputs[0]
    shape = [side or 1 for side in port.shape]
    feeds = {port.name: np.random.default_rng(0).random(shape, np.float32)}
    outputs = {name: model.run(feeds) for name, model in models.items()}
    cpu_ms = alone(models, feeds, seconds * len(models))
    rates = together(models, feeds, seconds)
    for name in models:
        apart = difference(outputs["Cpu Float32"], outputs[name])
        ratios = cpu_ms["Cpu Float32"] / cpu_ms[name], rates[name] / rates["Cpu Float32"]
        print(
            f"{path.stem:<18} {name:<22} {cpu_ms[name]:>8.3f} {ratios[0]:>6.2f} {rates[name]:>9.1f} {ratios[1]:>6.2f} "
            f"{apart:>10.1g}",
            flush=True,
        )


def available(path: Path) -> dict[str, OnnxModel]:
    """The model on each provider that starts, by the provider's name and precision."""
    model, machine = load_model(path), Machine.this()
    found = {}
    for wanted in WANTED:
        choice = choose(wanted, machine)
        if not choice.fallback:
            session, choice = open_session(path, choice, len(os.sched_getaffinity(0)))
            if not choice.fallback:
                found[f"{choice.provider} {choice.precision}"] = replace(model, session=session, execution=choice)
    return found


def alone(models: dict[str, OnnxModel], feeds: dict[str, np.ndarray], seconds: float) -> dict[str, float]:
    """The median CPU time of a run in milliseconds, by provider."""
    times: dict[str, list[float]] = {name: [] for name in models}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times["Cpu Float32"]) < LEAST_RUNS:
        for name, model in models.items():
            began = time.process_time()
            model.run(feeds)
            times[name].append((time.process_time() - began) * 1e3)
    return {name: statistics.median(found) for name, found in times.items()}


def together(models: dict[str, OnnxModel], feeds: dict[str, np.ndarray], seconds: float) -> dict[str, float]:
    """Images per second of one thread for each core, by provider: the best of three rounds."""
    cores = len(os.sched_getaffinity(0))
    best = dict.fromkeys(models, 0.0)
    with ThreadPoolExecutor(cores) as pool:
        for _ in range(3):
            for name, model in models.items():
                began = time.perf_counter()
                done = sum(
                    pool.map(lambda _, model=model, until=began + seconds / 3: runs(model, feeds, until), range(cores))
                )
                best[name] = max(best[name], done / (time.perf_counter() - began))
    return best


def runs(model: OnnxModel, feeds: dict[str, np.ndarray], until: float) -> int:
    """Run the model until the clock shows `until`. Returns how often."""
    done = 0
    while time.perf_counter() < until:
        model.run(feeds)
        done += 1
    return done


if __name__ == "__main__":
    main()
