"""Running the self-tests of a stage."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from time import perf_counter

import structlog

from darkroom.api.self_test import SELF_TEST_FAILED, SelfTest
from darkroom.stage_settings import StageSettings
from darkroom_vision.analyse import Analyser, Failure, LoadedStage
from darkroom_vision.model.session import ModelChecksumMismatch, ModelError
from darkroom_vision.self_test.compare import differences
from darkroom_vision.sources.failures import ModelUnavailable
from darkroom_vision.sources.files import self_test_image

log = structlog.get_logger(__name__)

_MOST_SHOWN = 3
_LONGEST_SHOWN = 150
"""Kubernetes keeps the last 2048 bytes of a container's log, and the message must fit."""
_MOST_LOGGED = 20


class SelfTestFailed(ModelError):
    """A result differs from the expected one by more than the tolerance."""


def run_self_tests(settings: StageSettings, stage: LoadedStage) -> tuple[float, ...]:
    """Analyse the images of `selfTest` and compare the results. Returns the seconds that each took.

    Raises:
        SelfTestFailed: results differ from the expected ones; names the first differences, the log has more of them.
        ModelUnavailable: an image cannot be fetched or read.
        ModelChecksumMismatch: an image is not the one in the pipeline.
    """
    tests = settings.stage.self_test
    whole = replace(stage, max_result_bytes=None)  # a saved result was not cut to the size of a record
    analyser = Analyser(whole, max_bytes=settings.max_image_bytes)
    seconds: list[float] = []
    failed: list[str] = []
    for position, test in enumerate(tests):
        image = _image(settings, position)
        started = perf_counter()
        wrong = list(_wrong(settings, test, analyser, image))
        seconds.append(perf_counter() - started)
        for difference in wrong[:_MOST_LOGGED]:
            log.error("self-test differs", image=test.image, difference=difference)
        if wrong:
            failed.append(f"{test.image}: {_shown(wrong)}")
    if failed:
        others = f" ({len(failed)} of {len(tests)} images differ)" if len(failed) > 1 else ""
        raise SelfTestFailed(f"{SELF_TEST_FAILED}: {failed[0]}{others}")
    if tests:
        log.info("self-tests passed", passed=len(tests), ms=round(sum(seconds) * 1000, 1))
    return tuple(seconds)


def _shown(wrong: Sequence[str]) -> str:
    first = [text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…" for text in wrong[:_MOST_SHOWN]]
    return "; ".join(first) + (f"; and {len(wrong) - _MOST_SHOWN} more" if len(wrong) > _MOST_SHOWN else "")


def _image(settings: StageSettings, position: int) -> bytes:
    test = settings.stage.self_test[position]
    path = self_test_image(settings, position)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelUnavailable(
            f"self-test image {test.image}: {path} can't be read: {error.strerror or error}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if test.sha256 is not None and found != test.sha256:
        raise ModelChecksumMismatch.of("self-test image", test.image, found, test.sha256)
    return content


def _wrong(settings: StageSettings, test: SelfTest, analyser: Analyser, image: bytes) -> Iterator[str]:
    answer = analyser.analyse(image)
    if isinstance(answer, Failure):
        yield f"{answer.reason}: {answer.message}"
        return
    yield from map(str, differences(test.expect, answer.result, test.tolerance, settings.stage.output))
