"""Start a service with a skewed wall clock: `python -m tests.chaos.launch SECONDS MODULE ARGUMENT…`.

Python's clocks are skewed, which the services use for all times that they write: the timestamps of images, `ce_time`,
the age of idempotency keys, the end-to-end latency. The clocks of librdkafka and of the brokers are not: that would
require a preloaded library.
"""

import datetime as dt
import os
import runpy
import sys
import time

from tests.chaos.worker_faults import SKEW


def set_clock(skew_s: float) -> None:
    """Skew Python's wall clock by `skew_s` in this process."""
    right, right_ns, of_process = time.time, time.time_ns, dt.datetime

    class Skewed(of_process):  # type: ignore[valid-type, misc]
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return of_process.fromtimestamp(time.time(), tz)

    time.time = lambda: right() + skew_s
    time.time_ns = lambda: right_ns() + int(skew_s * 1e9)

    from darkroom import cloudevents  # noqa: PLC0415 - the only module that uses the class

    setattr(cloudevents, "datetime", Skewed)  # noqa: B010 - private for mypy


def main() -> None:
    set_clock(float(sys.argv[1]))
    os.environ[SKEW] = sys.argv[1]
    module, *arguments = sys.argv[2:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
