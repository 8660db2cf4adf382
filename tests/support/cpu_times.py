"""With `--durations=N`, reports where the CPU time of the tests went: the first N folders, and the first N tests.

The durations themselves are by the clock: a test that waits looks like one that works, and several processes on few
cores slow each other. A process that a test starts counts when the test waits for its end. Servers that all tests share
do not count.
"""

import resource
from collections import defaultdict
from collections.abc import Generator
from heapq import nlargest
from pathlib import PurePosixPath

import pytest

_CPU_S = "darkroom_cpu_s"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_CpuTimes())


class _CpuTimes:
    def __init__(self) -> None:
        self._before_s = 0.0
        self._by_test: dict[str, float] = defaultdict(float)

    def pytest_runtestloop(self) -> None:
        self._before_s = _cpu_s()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note the CPU time since the previous report. xdist passes it on, as it does all attributes of a report."""
        report = yield
        now_s = _cpu_s()
        vars(report)[_CPU_S], self._before_s = now_s - self._before_s, now_s
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._by_test[report.nodeid] += vars(report).get(_CPU_S, 0)  # a worker that died has measured nothing

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        if not (most := config.option.durations):
            return
        by_folder: dict[str, float] = defaultdict(float)
        for test, seconds in self._by_test.items():
            by_folder[str(PurePosixPath(test.partition("::")[0]).parent)] += seconds
        terminalreporter.section(f"CPU time of the tests: {sum(self._by_test.values()):.1f} s")
        for sums in (by_folder, self._by_test):
            for seconds, name in nlargest(most, ((seconds, name) for name, seconds in sums.items())):
                terminalreporter.write_line(f"{seconds:.1f} s {name}")


def _cpu_s() -> float:
    """The CPU time of this process, and of the processes that it started and whose end it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
