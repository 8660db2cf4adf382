"""A run of `darkroom up`: its data folder, signals and exit code."""

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from darkroom.processes.loading import loading
from darkroom_cli.exit_codes import ExitCode
from darkroom_cli.runner.options import Options, load
from darkroom_cli.runner.own_kafka import OwnKafka
from darkroom_cli.runner.state_folder import StateFolder
from darkroom_cli.views.output import say

if TYPE_CHECKING:
    from darkroom_cli.runner.up import Up

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_session(options: Options) -> ExitCode:
    """Run until a signal.

    Raises:
        DarkroomError: something can't be started.
    """
    bundle = load(options)
    with StateFolder(options.data_dir) as folder:
        own_kafka = None
        if options.bootstrap_servers is None:
            own_kafka = OwnKafka(folder.kafka)
            own_kafka.launch()
        # While Kafka starts.
        with loading():
            from darkroom_cli.runner.up import Up  # noqa: PLC0415
        return asyncio.run(_until_signalled(Up(options, bundle, folder, own_kafka)))


async def _until_signalled(up: "Up") -> ExitCode:
    running = asyncio.ensure_future(up.run())
    signals = 0

    def on_signal() -> None:
        nonlocal signals
        signals += 1
        if signals == 1:
            say("Stopping the ingestion service, the workers and Kafka (press Ctrl-C again to stop immediately)")
            running.cancel()
        else:
            up.kill()
            os._exit(ExitCode.INTERRUPTED)

    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        await running
    except asyncio.CancelledError:
        say("Stopped")
    return ExitCode.OK if up.was_ready else ExitCode.INTERRUPTED
