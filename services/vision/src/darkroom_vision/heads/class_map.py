"""Turning a class map of the model's input into masks of the upright image."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.run_lengths import mask_of_runs
from darkroom_vision.imaging.geometry import Size

NO_CLASS = -1
_HALF = 0.5


def best_classes(logits: npt.NDArray[Any], size: Size) -> npt.NDArray[np.int16]:
    """(C, h, w) -> (height, width): the class with the highest value at each pixel of the model's input.

    A smaller map is first enlarged linearly, class by class, so that borders between classes are smooth.
    """
    _, height, width = logits.shape
    shape = (size[1], size[0]) if (width < size[0] or height < size[1]) else (height, width)
    best = np.full(shape, -np.inf, np.float32)
    classes = np.zeros(shape, np.int16)
    for index, plane in enumerate(logits):
        values = plane.astype(np.float32)
        if values.shape != shape:
            values = np.asarray(cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
        better = values > best
        np.copyto(classes, index, where=better)
        np.copyto(best, values, where=better)
    return classes


def classes_in_image(classes: npt.NDArray[np.int16], frame: Frame) -> npt.NDArray[np.int16]:
    """(h, w) over the model's input -> (width * height) of the image, column by column. Takes the nearest value.

    Pixels outside the crop (`resize: Crop`) are NO_CLASS.
    """
    height, width = classes.shape
    (image_width, image_height), (input_width, input_height) = frame.size, frame.input_size
    (scale_x, scale_y), (offset_x, offset_y) = frame.to_image.scale, frame.to_image.offset
    columns = np.floor((np.arange(image_width) + _HALF - offset_x) / scale_x * (width / input_width)).astype(np.int64)
    rows = np.floor((np.arange(image_height) + _HALF - offset_y) / scale_y * (height / input_height)).astype(np.int64)
    found = classes.T[columns.clip(0, width - 1)][:, rows.clip(0, height - 1)]
    found[(columns < 0) | (columns >= width)] = NO_CLASS
    found[:, (rows < 0) | (rows >= height)] = NO_CLASS
    return np.ascontiguousarray(found).ravel()


def masks_by_class(classes: npt.NDArray[np.int16], size: Size) -> list[tuple[int, int, dict[str, Any]]]:
    """(class, number of pixels, mask) of each class in `classes`, from `classes_in_image`. Largest first."""
    changes = np.flatnonzero(classes[1:] != classes[:-1]) + 1
    starts, ends = np.concatenate([[0], changes]), np.concatenate([changes, [len(classes)]])
    of_run = classes[starts]
    found = []
    for index in np.unique(of_run):
        if index != NO_CLASS:
            own = of_run == index
            pixels = int((ends[own] - starts[own]).sum())
            found.append((int(index), pixels, mask_of_runs(starts[own], ends[own], size)))
    return sorted(found, key=lambda one: (-one[1], one[0]))
