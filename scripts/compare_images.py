"""Decodes all files in folders with Darkroom and with Pillow, and prints differences: `compare_images.py FOLDER…`.

Prints a line for each file that differs from Pillow's upright RGB pixels by a mean of more than two levels, that only
one of the two decodes, that crashes the decoder, or that takes more than two seconds or 500 MB. Files in unsupported
formats are only counted. Files are decoded in a process with limits for time and memory, so that hostile files can be
compared too.
"""

import argparse
import collections
import io
import multiprocessing
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from darkroom.image_header import NotAnImage
from darkroom_vision.failures import ImageError
from darkroom_vision.imaging.decode import decode
from darkroom_vision.imaging.opencv import configure_opencv

Pixels = npt.NDArray[np.uint8]

FORMATS = {"JPEG", "MPO", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "HEIF", "JPEG2000", "PPM"}
MAX_LEVELS = 2.0
MAX_SECONDS = 2.0
MAX_MB = 500.0
GIVEN_UP_S = 20.0
MEMORY = 6 << 30


@dataclass(frozen=True)
class Outcome:
    """The outcome of one decoder on one file: pixels or the reason of the failure, time, and peak memory."""

    pixels: Pixels | None
    reason: str
    seconds: float
    megabytes: float


def by_darkroom(data: bytes) -> Pixels:
    """Decode like the worker."""
    return decode(data, "RGB").pixels


def by_pillow(data: bytes) -> Pixels:
    """Decode with Pillow: upright, first frame, 16 bits reduced to 8, transparency dropped (TIFF: over black)."""
    with Image.open(io.BytesIO(data)) as image:
        kind = image.format
        if kind not in FORMATS:
            raise TypeError(f"{kind} is another format")
        image.load()
        upright = ImageOps.exif_transpose(image)
    if upright.mode == "F" or (upright.mode == "I" and kind != "PPM"):
        raise ValueError("32 bits a sample")
    if upright.mode == "I" or upright.mode.startswith("I;16"):
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    if kind == "TIFF" and upright.mode in ("RGBA", "LA"):
        over_black = upright.convert({"RGBA": "RGBa", "LA": "La"}[upright.mode]).split()
        upright = Image.merge({"RGBA": "RGB", "LA": "L"}[upright.mode], over_black[:-1])
    return np.asarray(upright.convert("RGB"))


def measured(way: Callable[[bytes], Pixels], data: bytes) -> Outcome:
    """Run `way`. Memory is the peak growth of the process."""
    Path("/proc/self/clear_refs").write_text("5")  # reset the high-water mark
    before, began = high_water_mb(), time.perf_counter()
    pixels, reason = None, ""
    try:
        pixels = way(data)
    except TypeError as error:
        reason = f"other: {error}"
    except (ImageError, NotAnImage) as error:
        reason = f"{error.reason}: {error}"
    except Exception as error:  # noqa: BLE001 - Pillow's readers raise any exception
        reason = f"{type(error).__name__}: {error}"
    return Outcome(pixels, " ".join(reason.split()), time.perf_counter() - began, high_water_mb() - before)


def high_water_mb() -> float:
    """The peak memory since the high-water mark was reset, in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def verdicts(ours: Outcome, pillow: Outcome) -> Iterator[tuple[str, str]]:
    """(kind, detail) of every difference for a file."""
    if ours.pixels is not None and pillow.pixels is not None:
        if ours.pixels.shape != pillow.pixels.shape:
            yield "size", f"{ours.pixels.shape[1::-1]}, Pillow {pillow.pixels.shape[1::-1]}"
        elif (levels := np.abs(ours.pixels.astype(np.int16) - pillow.pixels).mean()) > MAX_LEVELS:
            yield "differs", f"by a mean of {levels:.1f} levels"
    elif ours.pixels is None and pillow.pixels is not None:
        yield "refused", ours.reason
    elif ours.pixels is not None and not pillow.reason.startswith("other"):
        yield "taken", f"Pillow: {pillow.reason}"
    if ours.seconds > MAX_SECONDS:
        yield "slow", f"{ours.seconds:.1f} s (Pillow {pillow.seconds:.1f} s)"
    if ours.megabytes > MAX_MB:
        yield "memory", f"{ours.megabytes:.0f} MB (Pillow {pillow.megabytes:.0f} MB)"


def serve(connection: Connection) -> None:
    """The main function of the decoding process: receives paths and sends verdicts."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # libtiff and libpng print warnings
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    configure_opencv()
    while True:
        data = Path(connection.recv()).read_bytes()
        ours, pillow = measured(by_darkroom, data), measured(by_pillow, data)
        if pillow.reason.startswith("other") and ours.pixels is None:
            connection.send([("other", "")])
        else:
            both_refuse = ours.pixels is None and pillow.pixels is None
            connection.send([*verdicts(ours, pillow), *([("neither", "")] if both_refuse else [])])


class Decoders:
    """A decoding process, which is replaced when it crashes or takes too long."""

    def __init__(self) -> None:
        self._start()

    def compare(self, path: Path) -> list[tuple[str, str]]:
        """The verdicts on a file."""
        self._connection.send(str(path))
        try:
            if self._connection.poll(GIVEN_UP_S):
                found: list[tuple[str, str]] = self._connection.recv()
                return found
            outcome = ("slow", f"given up after {GIVEN_UP_S:.0f} s")
        except EOFError:
            self._process.join()
            outcome = ("crashed", f"exit code {self._process.exitcode}")
        self.stop()
        self._start()
        return [outcome]

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()


def main() -> None:
    """Compare the files of the folders on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    options = parser.parse_args()
    counts: collections.Counter[str] = collections.Counter()
    decoders = Decoders()
    for folder in options.folders:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            counts["files"] += 1
            found = decoders.compare(path)
            for kind, detail in found:
                counts[kind] += 1
                if kind not in ("other", "neither"):
                    print(f"{kind:8} {path.relative_to(folder)}: {detail:.200}", flush=True)
            counts["alike"] += not found
    decoders.stop()
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()), file=sys.stderr)


if __name__ == "__main__":
    main()
