import signal
import subprocess
import sys

import pytest

_WAITS_IN_THE_IMPORT = """
import signal, sys, time
from darkroom_cli import __main__ as command

class Waiting:
    def find_spec(self, name, path=None, target=None):
        if name == "darkroom_cli.command":
            print("importing", flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Waiting())
signal.signal(signal.SIGINT, {handler})
sys.exit(command.main())
"""


@pytest.mark.parametrize(
    ("handler", "signals", "code"),
    [
        ("signal.default_int_handler", (signal.SIGINT,), -signal.SIGINT),
        # In the background job of a shell, which ignores Ctrl-C.
        ("signal.SIG_IGN", (signal.SIGINT, signal.SIGTERM), -signal.SIGTERM),
    ],
)
def test_ctrl_c_during_the_imports_ends_the_command_without_a_traceback(
    handler: str, signals: tuple[signal.Signals, ...], code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITS_IN_THE_IMPORT.format(handler=handler)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        for number in signals:
            process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (code, "")
