"""A worker whose decoder, pre-processing and model sleep: `python -m benchmarks.worker.programs.simulated`.

All three run outside the interpreter's lock, each on a core. A thread that sleeps for as long as they would compute
takes no core, so a machine with few cores shows how one process behaves on many: everything else is real, and competes
for the interpreter as it would there. The Kafka client's threads and the broker do need cores, which limits the rate.
"""

import argparse
import ctypes
import time
from typing import Any

import simplejpeg

import darkroom_inference.command as program
from darkroom_vision.imaging.geometry import Fit, Transform
from darkroom_vision.imaging.pixels import Pixels
from darkroom_vision.model.session import OnnxModel
from darkroom_vision.preprocess import ModelInput, Preprocessor

_PR_SET_TIMERSLACK = 29
_ANY_NUMBER = 1_000


def main() -> None:
    """Run the worker with the arguments that are not this program's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for step in ("decode", "preprocess", "model"):
        parser.add_argument(f"--{step}-us", type=float, required=True)
    options, rest = parser.parse_known_args()
    # Threads inherit it. With the default, a sleep takes 50 microseconds more.
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)
    _decoder_sleeps(options.decode_us / 1e6)
    _preprocessing_sleeps(options.preprocess_us / 1e6)
    _model_sleeps(options.model_us / 1e6)
    # The curve is about one process.
    program.MAX_LOOPS_A_PROCESS = _ANY_NUMBER  # type: ignore[attr-defined]
    program.can_share_model = lambda *_: False  # type: ignore[attr-defined]
    program.main(rest)


def _decoder_sleeps(seconds: float) -> None:
    decode = simplejpeg.decode_jpeg
    known: list[Pixels] = []

    def sleeping(*arguments: Any, **options: Any) -> Pixels:
        if not known:
            known.append(decode(*arguments, **options))
        time.sleep(seconds)
        return known[0]

    simplejpeg.decode_jpeg = sleeping


def _preprocessing_sleeps(seconds: float) -> None:
    def sleeping(_self: Preprocessor, pixels: Pixels, fitting: Fit, _target: ModelInput) -> Transform:
        time.sleep(seconds)
        return fitting.on_copy((pixels.shape[1], pixels.shape[0])).to_image

    Preprocessor.write = sleeping  # type: ignore[assignment, method-assign]


def _model_sleeps(seconds: float) -> None:
    run = OnnxModel.run
    known: list[Any] = []

    def sleeping(self: OnnxModel, feeds: Any) -> Any:
        if not known:
            known.append(run(self, feeds))
        time.sleep(seconds)
        return known[0]

    OnnxModel.run = sleeping  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
