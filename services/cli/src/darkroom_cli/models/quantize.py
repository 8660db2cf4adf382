"""Static quantisation of a model to int8, compared with the original on held-out images."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy.typing as npt

from darkroom.errors import DarkroomError
from darkroom.files.temporary_folder import temporary_folder
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.models.agreement import agreement
from darkroom_cli.models.analysis import Analysed, analyse_files
from darkroom_cli.models.feeds import feeds_of
from darkroom_cli.models.settings import Prepared
from darkroom_vision.analyse import prepare
from darkroom_vision.model.session import load_model

Feeds = Mapping[str, npt.NDArray[Any]]

_HELD_OUT = 4
"""Every fourth image is held out for the comparison."""
_FEWEST_IMAGES = 2
_PER_CHANNEL_OPSET = 13
"""Opset 13 introduced per-channel scales of QuantizeLinear and DequantizeLinear."""


@dataclass(frozen=True)
class Quantized:
    """A quantised model, compared with the original.

    Attributes:
        agreement: the mean agreement with the original on the held-out images, 0 to 1.
        calibrated_on, measured_on: numbers of images.
        bytes_before, bytes_after: sizes of the files.
        ms_before, ms_after: median time of an inference in milliseconds.
    """

    agreement: float
    calibrated_on: int
    measured_on: int
    bytes_before: int
    bytes_after: int
    ms_before: float
    ms_after: float


def quantize(model: Path, found: Prepared, images: Sequence[Path], target: Path, threshold: float) -> Quantized:
    """Quantise `model` and write it to `target` if it agrees with the original.

    Args:
        model: the model file.
        found: the model with the settings of its stage.
        images: representative images.
        target: the file to write; not written if the agreement is below `threshold`.
        threshold: the minimum agreement, 0 to 1.

    Raises:
        InvalidInput: there are too few images.
        DarkroomError: the package `onnx` is missing, an image cannot be analysed, or the model cannot be quantised.
    """
    if len(images) < _FEWEST_IMAGES:
        raise InvalidInput(f"{len(images)} image: give at least {_FEWEST_IMAGES}, preferably a hundred or more")
    _require_onnx()
    held_out = images[_HELD_OUT - 1 :: _HELD_OUT] or images[-1:]
    calibration = [image for image in images if image not in set(held_out)]
    with temporary_folder("darkroom-quantize-") as folder:
        result = folder / target.name
        with _errors_of_the_quantizer():
            _write(model, result, folder, (feeds_of(found.loaded, image) for image in calibration))
        smaller = replace(found, loaded=prepare(load_model(result), found.stage, found.labels))
        before, after = (_analysed(stage, held_out) for stage in (found, smaller))
        compared = Quantized(
            fmean(agreement(a.document, b.document) for a, b in zip(before, after, strict=True)),
            len(calibration),
            len(held_out),
            model.stat().st_size,
            result.stat().st_size,
            _milliseconds(before),
            _milliseconds(after),
        )
        if compared.agreement >= threshold:
            shutil.copyfile(result, target)
    return compared


@dataclass(frozen=True)
class _Calibration:
    """A CalibrationDataReader of onnxruntime.quantization."""

    feeds: Iterator[Feeds]

    def get_next(self) -> Feeds | None:
        """The next image's inputs; None after the last."""
        return next(self.feeds, None)


def _write(model: Path, target: Path, folder: Path, calibration: Iterator[Feeds]) -> None:
    """Quantise statically and per channel, with pairs of QuantizeLinear and DequantizeLinear, all int8."""
    import onnx  # noqa: PLC0415 - an extra
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static  # noqa: PLC0415
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    original = onnx.load(str(model))
    opset = next((o.version for o in original.opset_import if o.domain in ("", "ai.onnx")), 0)
    prepared = folder / "prepared.onnx"
    if opset < _PER_CHANNEL_OPSET:
        onnx.save(onnx.version_converter.convert_version(original, _PER_CHANNEL_OPSET), str(prepared))
    else:
        shutil.copyfile(model, prepared)
    inferred = folder / "inferred.onnx"
    quant_pre_process(str(prepared), str(inferred), skip_symbolic_shape=True)
    quantize_static(
        str(inferred),
        str(target),
        _Calibration(calibration),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
    )
    written = onnx.load(str(target))
    del written.metadata_props[:]
    written.metadata_props.extend(original.metadata_props)
    onnx.save(written, str(target))


def _require_onnx() -> None:
    try:
        import onnx  # noqa: F401, PLC0415
    except ImportError as error:
        raise DarkroomError(
            "quantize needs the package onnx, which is not installed: pip install 'darkroom-cli[quantize]'"
        ) from error


@contextmanager
def _errors_of_the_quantizer() -> Iterator[None]:
    """Convert any exception: onnx and onnxruntime.quantization have no common base class of errors."""
    try:
        yield
    except DarkroomError:
        raise
    except Exception as error:
        raise DarkroomError(f"the model can't be quantised: {' '.join(str(error).split()) or repr(error)}") from error


def _analysed(found: Prepared, files: Sequence[Path]) -> list[Analysed]:
    analysed = list(analyse_files(found, files))
    for one in analysed:
        if one.failed:
            raise DarkroomError(f"{one.file}: {one.document['reason']}: {one.document['message']}")
    return analysed


def _milliseconds(analysed: Sequence[Analysed]) -> float:
    return median(float(one.document["timings"]["inferenceMs"]) for one in analysed)
