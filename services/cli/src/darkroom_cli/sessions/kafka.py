"""A run of `darkroom kafka start`."""

import signal
import time
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom_cli.exit_codes import ExitCode
from darkroom_cli.local_kafka import KAFKA_VERSION, LocalKafka
from darkroom_cli.views.output import answer, say

_POLL_S = 0.5
# SIGINT too, because it is ignored in background jobs of scripts.
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_kafka(port: int, data_dir: Path | None) -> ExitCode:
    """Run a broker until a signal.

    Raises:
        DarkroomError: the broker can't be started, or exited unexpectedly.
    """
    kafka = LocalKafka(data_dir, port or None)
    # Raise an exception in the main thread, like Ctrl-C, so that a start is interrupted too.
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    started = time.monotonic()
    say(f"Starting Kafka {KAFKA_VERSION}…")
    try:
        with kafka:
            where = kafka.data_dir if data_dir else "a temporary folder"
            say(f"Kafka {KAFKA_VERSION} is ready ({time.monotonic() - started:.1f} s); its data is in {where}")
            answer(f"ready: {kafka.bootstrap_servers}")
            while True:
                time.sleep(_POLL_S)
                if not kafka.running:
                    raise DarkroomError(f"Kafka exited unexpectedly; its logs are in {kafka.data_dir}")
    except KeyboardInterrupt:
        say("Stopped")
    return ExitCode.OK
