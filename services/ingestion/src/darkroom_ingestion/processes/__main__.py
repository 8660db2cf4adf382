"""An HTTP process. Started by the parent with three sockets; ends when the parent ends.

python -m darkroom_ingestion.processes CONTROL CONNECTIONS IMAGES
"""

import asyncio
import signal
import socket
import sys

import uvicorn

from darkroom_ingestion.processes.http_process import run


def main() -> None:
    """Serve until SIGTERM."""
    # Ctrl-C reaches this process too; until the server handles it, the parent ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control, connections, images = (socket.socket(fileno=int(descriptor)) for descriptor in sys.argv[1:])
    with asyncio.Runner(loop_factory=uvicorn.Config("", log_config=None).get_loop_factory()) as runner:
        runner.run(run(control, connections, images))


if __name__ == "__main__":
    main()
