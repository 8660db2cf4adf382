"""Turning a class map of the model's input into masks of the upright image."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from darkroom_vision.heads.base import Frame
from darkroom_vision.heads.run_lengths import mask_of_runs
from darkroom_vision.imaging.geometry import Size

NO_CLASS = -1
_HALF = 0.5

Classes = npt.NDArray[np.int16]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Runs:
    """A class map of an image of `size` (width, height), column by column: pixels from start to end have a class."""

    starts: Integers
    ends: Integers
    classes: Classes
    size: Size


def best_classes(logits: npt.NDArray[Any], size: Size) -> Classes:
    """(C, h, w) -> (height, width): the class with the highest value at each pixel of the model's input.

    A smaller map is first enlarged linearly, class by class, so that borders between classes are smooth.
    """
    _, height, width = logits.shape
    shape = (size[1], size[0]) if (width < size[0] or height < size[1]) else (height, width)
    best, values = np.full(shape, -np.inf, np.float32), np.empty(shape, np.float32)
    classes, better = np.zeros(shape, np.int16), np.empty(shape, np.uint8)
    for index in _possible(logits).tolist():
        plane = np.asarray(logits[index], np.float32)
        if plane.shape == shape:
            values = plane
        else:
            cv2.resize(plane, (shape[1], shape[0]), dst=values, interpolation=cv2.INTER_LINEAR)
        cv2.compare(values, best, cv2.CMP_GT, dst=better)
        cv2.max(best, values, dst=best)
        np.copyto(classes, index, where=better.view(np.bool_))
    return classes


def _possible(logits: npt.NDArray[Any]) -> Integers:
    """The classes that may have the highest value somewhere between the values of `logits`, ascending.

    Between four neighbours, a class is at least as high as its lowest of them, and at most as high as its highest.
    """
    kernel = np.ones((2, 2), np.uint8)
    planes = [np.asarray(plane, np.float32) for plane in logits]
    floor = np.maximum.reduce([np.asarray(cv2.erode(plane, kernel)) for plane in planes])
    return np.flatnonzero([bool((cv2.dilate(plane, kernel) >= floor).any()) for plane in planes])


def class_runs(classes: Classes, frame: Frame) -> Runs:
    """(h, w) over the model's input -> the classes of the image's pixels. Takes the nearest value.

    Pixels outside the crop (`resize: Crop`) are NO_CLASS.
    """
    height, width = classes.shape
    (scale_x, scale_y), (offset_x, offset_y) = frame.to_image.scale, frame.to_image.offset
    columns = _nearest(frame.size[0], offset_x, scale_x, width, frame.input_size[0])
    rows = _nearest(frame.size[1], offset_y, scale_y, height, frame.input_size[1])
    seen_rows, first_rows = np.unique(rows, return_index=True)
    seen_columns, which = np.unique(columns, return_inverse=True)
    around = np.pad(classes, 1, constant_values=NO_CLASS)
    seen = np.ascontiguousarray(around[seen_rows + 1][:, seen_columns + 1].T)
    begins = np.ones(seen.shape, np.bool_)
    np.not_equal(seen[:, 1:], seen[:, :-1], out=begins[:, 1:])
    runs = np.flatnonzero(begins)  # of the columns that are seen
    first_of_column = np.concatenate([[0], np.cumsum(begins.sum(axis=1))])
    # The same for every column of the image, which repeat those that are seen.
    counts = np.diff(first_of_column)[which]
    before = np.cumsum(counts) - counts
    chosen = np.arange(counts.sum()) + np.repeat(first_of_column[which] - before, counts)
    found = seen.ravel()[runs][chosen]
    starts = first_rows[runs % len(seen_rows)][chosen] + np.repeat(np.arange(len(which)) * len(rows), counts)
    kept = np.concatenate([[True], found[1:] != found[:-1]])  # runs may continue in the next column
    starts = starts[kept]
    return Runs(starts, np.append(starts[1:], len(rows) * len(which)), found[kept], frame.size)


def _nearest(side: int, offset: float, scale: float, cells: int, input_side: int) -> Integers:
    """For each pixel along a side of the image: the nearest of `cells` values; -1 or `cells` outside of them."""
    found = np.floor((np.arange(side) + _HALF - offset) / scale * (cells / input_side)).astype(np.int64)
    return np.asarray(found.clip(-1, cells))


def masks_by_class(runs: Runs) -> list[tuple[int, int, dict[str, Any]]]:
    """(class, number of pixels, mask) of each class. Largest first."""
    order = np.argsort(runs.classes, kind="stable")
    seen, firsts = np.unique(runs.classes[order], return_index=True)
    found = []
    for index, own in zip(seen.tolist(), np.split(order, firsts[1:]), strict=True):
        if index != NO_CLASS:
            starts, ends = runs.starts[own], runs.ends[own]
            found.append((index, int((ends - starts).sum()), mask_of_runs(starts, ends, runs.size)))
    return sorted(found, key=lambda one: (-one[1], one[0]))
