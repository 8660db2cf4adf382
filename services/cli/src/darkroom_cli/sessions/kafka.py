"""A run of `darkroom kafka start`, from the first line to the last."""

import signal
import time
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom_cli.exit_codes import ExitCode
from darkroom_cli.local_kafka import KAFKA_VERSION, LocalKafka
from darkroom_cli.views.output import answer, say

_POLL_S = 0.5


def run_kafka(port: int, data_dir: Path | None) -> ExitCode:
    """Run a broker until a signal comes.

    Raises:
        DarkroomError: it can't be started, or ended by itself.
    """
    kafka = LocalKafka(data_dir, port or None)
    # As with Ctrl-C: an exception where the main thread is, so that also a start is broken off in order.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    started = time.monotonic()
    say(f"Starting Kafka {KAFKA_VERSION}…")
    try:
        with kafka:
            where = kafka.data_dir if data_dir else "a temporary folder"
            say(f"Kafka {KAFKA_VERSION} listens ({time.monotonic() - started:.1f} s), its data is in {where}")
            answer(f"ready: {kafka.bootstrap_servers}")
            while True:
                time.sleep(_POLL_S)
                if not kafka.running:
                    raise DarkroomError(f"Kafka ended by itself: its log is in {kafka.data_dir}")
    except KeyboardInterrupt:
        say("Stopped")
    return ExitCode.OK
