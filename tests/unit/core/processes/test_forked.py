"""Forks of a process with a single thread."""

import subprocess
import sys

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux are processes forked")

# In interpreters of their own, because the process of the tests has threads.
FORKING = """
import os, sys, threading, time
from darkroom.processes.forked import Forked, can_fork, can_fork_beside_libraries
"""


def test_a_fork_has_what_its_parent_has_and_its_exit_code_says_that_it_has_finished() -> None:
    script = """
known = "known"
assert can_fork()
fork = Forked(lambda: print(known, sys.stdin.read(), "to stderr", file=sys.stderr))
print(fork.wait(30))
"""
    assert run(script) == (0, "0\n", "known  to stderr\n")


def test_a_fork_ends_with_the_code_that_its_work_returns() -> None:
    script = """
fork = Forked(lambda: 75)
while fork.poll() is None:
    time.sleep(0.01)
print(fork.poll(), fork.wait(), fork.wait(0))
fork.send_signal(15)
"""
    assert run(script) == (0, "75 75 75\n", "")


def test_a_fork_can_be_sent_a_signal() -> None:
    script = """
fork = Forked(lambda: time.sleep(600))
print(fork.poll())
fork.send_signal(15)
print(fork.wait(30))
"""
    assert run(script) == (0, "None\n-15\n", "")


def test_a_fork_whose_work_fails_ends_with_1_and_says_why() -> None:
    code, out, error = run("print(Forked(lambda: [][1]).wait(30))")
    assert (code, out) == (0, "1\n")
    assert "IndexError" in error


def test_a_fork_can_be_killed_and_the_wait_for_it_has_a_limit() -> None:
    script = """
fork = Forked(lambda: time.sleep(600))
try:
    fork.wait(0.01)
except Exception as error:
    print(type(error).__name__)
fork.kill()
print(fork.wait())
"""
    assert run(script) == (0, "TimeoutExpired\n-9\n", "")


def test_a_fork_ends_with_its_parent_though_that_is_killed() -> None:
    script = """
fork = Forked(lambda: (print(os.getpid(), file=sys.stderr, flush=True), time.sleep(600)))
fork.wait()
"""
    with subprocess.Popen([sys.executable, "-c", FORKING + script], stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stderr is not None
        child = psutil.Process(int(parent.stderr.readline()))
        parent.kill()
    assert psutil.wait_procs([child], 20)[1] == []


def test_a_process_with_threads_may_not_be_forked() -> None:
    script = """
ending = threading.Event()
thread = threading.Thread(target=ending.wait)
thread.start()
print(can_fork(), can_fork_beside_libraries())
ending.set()
"""
    assert run(script) == (0, "False False\n", "")


def test_the_threads_of_numpy_and_onnx_runtime_need_not_be_forked() -> None:
    script = """
import numpy, onnxruntime
print(can_fork_beside_libraries())
"""
    assert run(script) == (0, "True\n", "")


def test_a_process_may_be_forked_once_its_kafka_client_is_closed() -> None:
    script = """
from confluent_kafka.admin import AdminClient
client = AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
print(can_fork_beside_libraries())
del client
print(can_fork_beside_libraries())
"""
    assert run(script) == (0, "False\nTrue\n", "")


def run(script: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", FORKING + script], input="", capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout, done.stderr
