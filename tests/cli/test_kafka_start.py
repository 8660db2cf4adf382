"""`darkroom kafka start`."""

import signal
import subprocess
from pathlib import Path

from confluent_kafka.admin import AdminClient

from tests.support.services.command_line import DARKROOM, darkroom, processes_of


def test_it_runs_until_ctrl_c_and_leaves_no_process_behind(tmp_path: Path) -> None:
    # With SIGINT ignored, like a background job of a script.
    command = ["sh", "-c", 'trap \'\' INT; exec "$0" "$@"', DARKROOM, "kafka", "start", "--port", "0"]
    process = subprocess.Popen([*command, "--data-dir", tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.removeprefix("ready: ").strip()
        assert line == f"ready: {address}\n"
        assert AdminClient({"bootstrap.servers": address}).list_topics(timeout=20).brokers
        port = address.rpartition(":")[2]
        second = darkroom("kafka", "start", "--port", port)
        assert second.code == 1
        assert f"port {port}" in second.errors[-1]
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        assert processes_of(tmp_path) == {}
    finally:
        process.kill()
        process.wait()
