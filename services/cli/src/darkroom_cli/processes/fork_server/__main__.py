"""The fork server: `python -m darkroom_cli.processes.fork_server SOCKET MODULE…`. Ends when its parent closes SOCKET.

It has no threads of its own, opens nothing and connects to nothing, so a fork of it is like a new process. Only
variables that libraries read on import have no effect.
"""

import importlib
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Sequence

from setproctitle import setproctitle

from darkroom.processes.loading import loading
from darkroom.processes.parent_death import end_with_parent
from darkroom_cli.processes.fork_server.request import DESCRIPTORS, MAX_BYTES, Request


def main() -> None:
    """Import the module `command` of each, then fork and run one of them for every request."""
    control, modules = socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]
    with loading():
        for module in modules:
            importlib.import_module(f"{module}.command")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the forks
    own = os.getpid()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, MAX_BYTES, DESCRIPTORS)
        if not message:
            return
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
    control.close()
    if not end_with_parent(own):
        return
    *standard, report = descriptors
    if _watched(standard, report):
        _run(Request(**json.loads(message)), standard)


def _watched(standard: Sequence[int], report: int) -> bool:
    """Fork again. True in the new process. This one writes its pid to `report`, and its exit code when it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    watcher = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(report)
        return end_with_parent(watcher)
    for descriptor in standard:
        os.close(descriptor)
    os.write(report, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(report, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _run(request: Request, standard: Sequence[int]) -> None:
    """Run the module in this process. `standard` becomes its stdin, stdout and stderr."""
    os.setsid()  # Ctrl-C in the terminal must not reach it
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.update(request.environment)
    command = [sys.executable, "-P", "-m", request.module, *request.arguments]
    setproctitle(shlex.join(command))
    sys.argv = [request.module, *request.arguments]
    importlib.import_module(f"{request.module}.command").main()


if __name__ == "__main__":
    main()
