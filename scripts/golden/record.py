"""Compares Darkroom with the answers that `scripts.golden.export` wrote, and records them for the tests.

For each model it runs `darkroom init`, validates the manifest, and analyses the images like `darkroom model run`. With
`--write`, it writes to tests/golden what a test needs without the model: a sample of the framework's input tensor, the
outputs of the model for it, and the framework's answer.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from darkroom.errors import DarkroomError
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.models.analysis import analyse_files
from darkroom_cli.models.detected import usable
from darkroom_cli.models.feeds import feeds_of
from darkroom_cli.models.initial import Written, write_manifest
from darkroom_cli.models.settings import Prepared, prepared, prepared_block
from darkroom_cli.models.source import model_source
from darkroom_cli.models.stage_block import StageBlock
from darkroom_vision.model.session import Value
from scripts.golden.compare import Differences, differences
from scripts.golden.expected import IMAGES, sampled

_BESIDE = ("preprocessor_config.json", "config.json", "labels.txt")
_ABOUT_THE_WEIGHTS = ("author", "date", "description", "docs", "license", "version")
"""Metadata that describe the exported file, not its recording."""
GOLDEN = IMAGES.parent


def main() -> int:
    """Compare all exported models, or those with the given names; returns 1 if one differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder that scripts.golden.export wrote")
    parser.add_argument("names", nargs="*", help="of the models; default: all")
    parser.add_argument("--write", action="store_true", help="write the recordings to tests/golden")
    arguments = parser.parse_args()
    names = arguments.names or sorted(path.parent.name for path in arguments.folder.glob("*/expected.json"))
    failed = False
    for name in names:
        try:
            failed |= bool(_compare(arguments.folder / name, GOLDEN / name if arguments.write else None).problems)
        except DarkroomError as error:
            print(f"  {error}")
            failed = True
    return int(failed)


def _compare(exported: Path, target: Path | None) -> Differences:
    model, manifest = exported / "model.onnx", exported / "pipeline.yaml"
    expected = json.loads((exported / "expected.json").read_text(encoding="utf-8"))
    written = write_manifest(model, manifest, name=None, samples=[], replace=True)
    print(f"{exported.name}: {written.family}")
    for question in written.block.questions:
        print(f"  ? {question}")
    if problems := load_bundle([manifest]).problems:
        return Differences(list(map(str, problems)))
    ready = prepared(model_source(str(model)), str(manifest))
    image, tensor = IMAGES / expected["image"], np.load(exported / "tensor.npy")
    (analysed,) = analyse_files(ready, [image])
    if analysed.failed:
        return Differences([analysed.document["message"]])
    exact = _exactly(written.block, model)
    (slow,) = analyse_files(exact, [image])
    found = differences(expected["result"], slow.document)
    count = len(expected["result"].get("predictions", expected["result"].get("classes", ())))
    print(f"  {image.name}: {count} results")
    for mode, stage, answer in (("Exact", exact, slow), ("Fast", ready, analysed)):
        apart = input_difference(stage, image, tensor)
        print(f"  {mode}: input {apart:.2g} levels; {differences(expected['result'], answer.document)}")
    if target is not None:
        target.mkdir(parents=True, exist_ok=True)
        _record(model, target / "model.onnx", ready.loaded.model.run(_feeds(ready, image, tensor)))
        np.savez_compressed(target / "tensor.npz", sample=sampled(tensor).astype(np.float32))
        for name in _BESIDE:
            if (exported / name).is_file():
                (target / name).write_bytes((exported / name).read_bytes())
        document = json.dumps(expected | _stage(written))
        (target / "expected.json").write_text(f"{document}\n", encoding="utf-8")
    return found


def _stage(written: Written) -> dict[str, Any]:
    """What `darkroom init` wrote."""
    block = written.block
    settings = {"input": dict(block.input), "output": dict(block.output)}
    return {"family": written.family, "stage": settings, "questions": list(block.questions)}


def _exactly(block: StageBlock, model: Path) -> Prepared:
    """The stage with `preprocessing: Exact`."""
    return prepared_block(usable(model), replace(block, input={**block.input, "preprocessing": "Exact"}))


def input_difference(ready: Prepared, image: Path, theirs: npt.NDArray[Any]) -> float:
    """The largest difference of a model input to the framework's, in levels of 256; inf if the sizes differ."""
    settings = ready.loaded.preprocessor.settings
    ours = feeds_of(ready.loaded, image)[settings.name]
    if ours.size != theirs.size:
        return float("inf")
    theirs = theirs.reshape(ours.shape)
    axis = -1 if settings.layout == "NHWC" else -3
    std = np.array(settings.std).reshape([-1 if i == axis + ours.ndim else 1 for i in range(ours.ndim)])
    return float((np.abs(ours.astype(np.float64) - theirs) * std / settings.scale).max())


def _feeds(ready: Prepared, image: Path, tensor: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    feeds = feeds_of(ready.loaded, image)
    name = ready.loaded.preprocessor.settings.name
    return feeds | {name: tensor.astype(feeds[name].dtype).reshape(feeds[name].shape)}


def _record(model: Path, target: Path, values: list[Value]) -> None:
    """Write a model with the ports and metadata of `model` that always answers with `values`."""
    whole = onnx.load(model)
    ports = [port for port in whole.graph.input if port.name not in {value.name for value in whole.graph.initializer}]
    outputs = [port.name for port in whole.graph.output]
    arrays = [np.asarray(value) for value in values]
    graph = helper.make_graph(
        [helper.make_node("Identity", [f"{name}_recorded"], [name]) for name in outputs],
        "recorded",
        ports,
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in zip(outputs, arrays, strict=True)
        ],
        [numpy_helper.from_array(array, f"{name}_recorded") for name, array in zip(outputs, arrays, strict=True)],
    )
    recorded = helper.make_model(
        graph, ir_version=9, opset_imports=[helper.make_opsetid("", 17)], producer_name=whole.producer_name
    )
    said = {entry.key: entry.value for entry in whole.metadata_props if entry.key not in _ABOUT_THE_WEIGHTS}
    helper.set_model_props(recorded, said)
    onnx.save(recorded, target)


if __name__ == "__main__":
    sys.exit(main())
