"""Processor time of the steps of one image, measured in one thread without Kafka."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from darkroom import names
from darkroom.cloudevents import CloudEvent, timestamp
from darkroom.events import RECEIVED, ModelUsed
from darkroom.stage_settings import StageSettings
from darkroom_inference.records.image import ImageRecord
from darkroom_inference.records.result import Results
from darkroom_vision.analyse import Analysis, Timings
from darkroom_vision.heads.base import Frame
from darkroom_vision.imaging.decode import decode
from darkroom_vision.stage import load_stage


@dataclass(frozen=True)
class Parts:
    """Microseconds of processor time per image: the median of all images.

    Attributes:
        record: from the head's output to the result's headers and JSON, with the image's event read.
    """

    decode: float
    preprocess: float
    model: float
    head: float
    record: float

    @property
    def in_us(self) -> dict[str, float]:
        """The parts by name."""
        return asdict(self)


def parts_of(settings: StageSettings, images: Sequence[bytes], seconds: float) -> Parts:
    """Measure the steps of a stage for about `seconds`."""
    stage = load_stage(settings)
    records = Results(settings, ModelUsed(name=stage.model.name, sha256=stage.model.sha256))
    headers = CloudEvent(
        f"{0:032x}", names.images_source(settings.namespace, settings.pipeline), RECEIVED, timestamp(), "image/jpeg"
    ).headers()
    preprocessor = stage.preprocessor
    marks: list[list[float]] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or not marks:
        for image in images:
            clock = [time.thread_time()]
            decoded = decode(image, preprocessor.colors, preprocessor.decoder_shrink)
            clock.append(time.thread_time())
            fitting = preprocessor.fit((decoded.width, decoded.height))
            target = preprocessor.empty_input(fitting.target)
            to_pixels = preprocessor.write(decoded.pixels, fitting, target)
            feeds = preprocessor.feeds(target, fitting)
            clock.append(time.thread_time())
            values = stage.model.run(feeds)
            clock.append(time.thread_time())
            frame = Frame((decoded.width, decoded.height), decoded.to_image.after(to_pixels), fitting.target)
            (found,) = stage.head.results(values, [frame])
            clock.append(time.thread_time())
            record = ImageRecord(settings.images_topic, 0, 0, b"0", image, [*headers], 0)
            analysis = Analysis(decoded.format, decoded.width, decoded.height, found, Timings(0, 0, 0))
            records.record(record, analysis)
            clock.append(time.thread_time())
            marks.append(clock)
    steps = zip(*([b - a for a, b in pairwise(clock)] for clock in marks), strict=True)
    return Parts(*(statistics.median(step) * 1e6 for step in steps))
