"""Checks of this machine: Python, disk, ports, clock."""

import shutil
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from darkroom_cli.doctor.finding import Finding
from darkroom_cli.processes.ports import why_not_free

_OLDEST = (3, 11)
_GIB = 2**30
_LEAST_GIB, _ENOUGH_GIB = 1.0, 10.0
_MOST_SKEW_S, _SMALL_SKEW_S = 30.0, 3.0


def python_finding(version: tuple[int, int, int], *, is_64_bit: bool) -> Finding:
    """Whether this Python can run Darkroom."""
    text = f"Python {'.'.join(map(str, version))}"
    if version[:2] < _OLDEST:
        return Finding("Python", "Problem", text, "install Python 3.11 or later, and Darkroom in it")
    if not is_64_bit:
        return Finding("Python", "Problem", f"{text}, 32 bits", "install a 64-bit Python: ONNX Runtime has no other")
    return Finding("Python", "Ok", text)


def disk_finding(folder: Path, free_bytes: int) -> Finding:
    """Whether there is room for the data of `darkroom up`: Kafka's log, the results store and models."""
    free = free_bytes / _GIB
    text = f"{free:,.1f} GiB free in {folder}"
    if free < _LEAST_GIB:
        return Finding("disk", "Problem", text, "free some space, or choose another folder with --data-dir")
    if free < _ENOUGH_GIB:
        return Finding(
            "disk", "Warning", text, "Kafka keeps all images for spec.images.retention: shorten it, or free some space"
        )
    return Finding("disk", "Ok", text)


def port_finding(port: int, reason: str | None) -> Finding:
    """Whether `darkroom up` can listen. `reason` says why not."""
    if reason is None:
        return Finding(f"port {port}", "Ok", "free")
    return Finding(
        f"port {port}",
        "Warning",
        reason,
        "a running `darkroom up` is a reason; if it is another program, choose a port with --port",
    )


def clock_finding(other: str, difference_s: float) -> Finding:
    """Whether the clock of this machine agrees with another one, within its resolution of a second."""
    difference = abs(difference_s)
    direction = "behind" if difference_s > 0 else "ahead of"
    if difference <= _SMALL_SKEW_S:
        return Finding("clock", "Ok", f"agrees with that of {other}")
    text = f"this machine is {difference:,.0f} s {direction} {other}"
    advice = "synchronise the clocks with NTP: ids, retention and times in traces depend on them"
    return Finding("clock", "Problem" if difference > _MOST_SKEW_S else "Warning", text, advice)


def clock_difference_s(date_header: str, now: datetime | None = None) -> float | None:
    """Seconds by which the server that sent the header `Date` is ahead; None if it sent none."""
    try:
        theirs = parsedate_to_datetime(date_header)
    except ValueError:
        return None
    # The header has whole seconds.
    return (theirs - (now or datetime.now(UTC))).total_seconds() + 0.5


def check_machine(data_dir: Path, port: int) -> list[Finding]:
    """Check Python, the disk of `data_dir`, and `port`."""
    major, minor, micro = sys.version_info[:3]
    existing = next(folder for folder in (data_dir.absolute(), *data_dir.absolute().parents) if folder.exists())
    return [
        python_finding((major, minor, micro), is_64_bit=sys.maxsize > 2**32),
        disk_finding(existing, shutil.disk_usage(existing).free),
        port_finding(port, why_not_free(port)),
    ]
