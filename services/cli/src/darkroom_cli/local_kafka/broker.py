"""A Kafka broker on this machine, as an object to start and stop."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from darkroom.errors import DarkroomError
from darkroom_cli.local_kafka.class_cache import WRITING_TIMEOUT_S, ClassCache
from darkroom_cli.local_kafka.data_folder import DataFolder, claim, claim_temporary
from darkroom_cli.local_kafka.failure import reason_of_failure
from darkroom_cli.local_kafka.jar_cache import cache_folder, ensure_jars
from darkroom_cli.local_kafka.jars import KAFKA_VERSION
from darkroom_cli.local_kafka.jvm import Jvm
from darkroom_cli.local_kafka.server_properties import CLIENTS, Listener, Member, render, server_properties
from darkroom_cli.local_kafka.storage import format_storage
from darkroom_cli.processes.ports import HOST, Reservation, why_not_free

_KILL_TIMEOUT_S = 10.0
_ENDED_BY_SIGTERM = 128 + signal.SIGTERM
_PROPERTIES = "server.properties"
_OUTPUT = "jvm.log"
_LOGGING = Path(__file__).with_name("log4j2.properties")


class LocalKafka:
    """One broker on 127.0.0.1, which ends with this process even if it is killed. Not thread-safe.

    Args:
        data_dir: Folder for the broker's data; None for a temporary folder, which `stop()` removes.
        port: Port for clients; None for a free port, chosen at the first start and kept for later ones.
        properties: Additional broker properties, which override the defaults.
        advertised: `host:port` to advertise to clients, for a proxy in between; None for the broker's own.
        listeners: Additional listeners, such as `scram_listener()`; `address(name)` returns their addresses.
        member: The broker's identity in a cluster of several; None for a cluster of one.
        classes: Folder for the cache of the broker's classes; None for the user's cache.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        port: int | None = None,
        properties: Mapping[str, str] | None = None,
        *,
        advertised: str | None = None,
        listeners: tuple[Listener, ...] = (),
        member: Member | None = None,
        classes: Path | None = None,
    ) -> None:
        self._data_dir = None if data_dir is None else data_dir.absolute()
        self._listeners = (Listener(CLIENTS, port or 0, advertised=advertised), *listeners)
        self._properties = dict(properties or {})
        self._member = member
        self._joined: Member | None = None
        self._reserved: list[Reservation] = []
        self._folder: DataFolder | None = None
        self._jvm: Jvm | None = None
        self._classes_folder = classes
        self._classes: ClassCache | None = None

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for clients of the plain listener."""
        return self.address(CLIENTS)

    def address(self, name: str) -> str:
        """`host:port` of the listener `name`.

        Raises:
            DarkroomError: The port is not known before the first start.
        """
        port = next(listener.port for listener in self._listeners if listener.name == name)
        if not port:
            raise DarkroomError("this Kafka has no address before its first start")
        return f"{HOST}:{port}"

    @property
    def data_dir(self) -> Path | None:
        """The folder of the broker's data; None for a temporary folder that does not exist yet or any more."""
        return self._folder.path if self._folder else self._data_dir

    @property
    def running(self) -> bool:
        """Whether the broker's process runs, healthy or not."""
        return self._jvm is not None and self._jvm.exit_code is None

    @property
    def pid(self) -> int | None:
        """The JVM's process id; None if it does not run."""
        return self._jvm.pid if self._jvm is not None and self.running else None

    def start(self, timeout_s: float = 60.0) -> None:
        """Start the broker and wait until it is healthy. Does nothing if it runs.

        `timeout_s` does not include the download, at the first start on a machine.

        Raises:
            DarkroomError: The broker can't be started; no process is left running.
        """
        if not self.running:
            self.launch()
            self.wait_until_healthy(timeout_s)

    def launch(self) -> None:
        """Start the broker's process without waiting. In a cluster, it gets healthy only with the others.

        Raises:
            DarkroomError: A port is taken, the data folder can't be used, the jars can't be downloaded.
        """
        for listener in self._listeners:
            if listener.port and (problem := why_not_free(listener.port)):
                raise DarkroomError(
                    f"port {listener.port} on {HOST}: {problem}: stop what uses it, or choose another port"
                )
        try:
            self._folder = self._folder or self._claim()
            self._launch(self._folder, ensure_jars())
        except BaseException:
            self._clean_up()
            raise

    def wait_until_healthy(self, timeout_s: float = 60.0) -> None:
        """Wait until the broker responds to metadata requests as a member of its cluster.

        Raises:
            DarkroomError: The broker exited, or did not respond in time; no process is left running.
        """
        # The client takes a while to import: meanwhile, the JVM starts.
        from darkroom_cli.local_kafka.health import wait_until_healthy  # noqa: PLC0415

        if self._joined is None:
            raise DarkroomError("this Kafka was not launched")
        deadline = time.monotonic() + timeout_s
        try:
            healthy = wait_until_healthy(self._joined, deadline, still_running=lambda: self.running)
        except BaseException:
            self.kill()
            self._clean_up()
            raise
        if not healthy:
            problem = self._why_ended() if not self.running else f"does not respond after {timeout_s:.0f} s"
            log = f" (its log: {self._data_dir / 'kafka.log'})" if self._data_dir else ""
            self.kill()
            self._clean_up()
            raise DarkroomError(f"Kafka {KAFKA_VERSION} on {self.bootstrap_servers} {problem}{log}")

    def wait_until_coordinating(self, timeout_s: float = 5.0) -> None:
        """Make the healthy broker create its offsets topic, and wait until it coordinates groups.

        Returns too if that takes longer than `timeout_s`, or the broker exits.
        """
        from darkroom_cli.local_kafka.health import wait_until_coordinating  # noqa: PLC0415

        wait_until_coordinating(self.bootstrap_servers, timeout_s, lambda: self.running)

    def stop(self, timeout_s: float = 15.0) -> None:
        """Send SIGTERM, and SIGKILL after `timeout_s`. A temporary data folder is removed. Safe to call twice."""
        self.terminate()
        if self._jvm is not None:
            writing = self._classes is not None and self._classes.is_written
            self._jvm.wait(timeout_s + WRITING_TIMEOUT_S * writing)
        self.kill()
        self._clean_up()

    def terminate(self) -> None:
        """Send SIGTERM without waiting; `stop()` waits for the exit."""
        if self._jvm is not None:
            self._jvm.send(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, to simulate a crash. The data is kept for the next `start()`, even in a temporary folder."""
        if self._jvm is not None:
            self._jvm.send(signal.SIGKILL)
            self._jvm.wait(_KILL_TIMEOUT_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _claim(self) -> DataFolder:
        if self._data_dir is None:
            return claim_temporary()
        if self._member is None:
            return claim(self._data_dir)
        return claim(self._data_dir, self._member.node_id, self._member.cluster_id)

    def _launch(self, folder: DataFolder, jars: Sequence[Path]) -> None:
        self._listeners = tuple(
            listener if listener.port else replace(listener, port=self._free_port()) for listener in self._listeners
        )
        if self._joined is None:
            cluster_id = folder.identity.cluster_id
            self._joined = self._member or Member(1, cluster_id, {1: self._free_port()}, self._free_port())
        try:
            if not folder.log.exists():
                format_storage(folder)
            # A relative path: Kafka splits log.dirs at commas.
            properties = server_properties(
                self._joined, self._listeners, folder.log.name, self._properties, cores=os.cpu_count() or 1
            )
            (folder.path / _PROPERTIES).write_text(render(properties), encoding="ascii")
            self._classes = self._classes or ClassCache(self._classes_folder or cache_folder(), jars)
            arguments = [
                f"-Dlog4j2.configurationFile={_LOGGING}",
                *self._classes.options(),
                *("-cp", ":".join(map(str, jars))),
                *("kafka.Kafka", _PROPERTIES),
            ]
            self._jvm = Jvm(arguments, folder=folder.path, output=folder.path / _OUTPUT, keep_open=[folder.lock])
        except OSError as error:
            raise DarkroomError(f"data folder {folder.path}: {error.strerror or error}") from error

    def _free_port(self) -> int:
        self._reserved.append(Reservation())
        return self._reserved[-1].port

    def _why_ended(self) -> str:
        code = self._jvm.exit_code if self._jvm else None
        reason = _reason(self._folder) if self._folder else "its log is missing"
        return f"exited during startup with code {code}: {reason}"

    def _clean_up(self) -> None:
        for reservation in self._reserved:
            reservation.release()
        self._reserved.clear()
        if self._classes is not None and self._jvm is not None:
            self._classes.broker_ended(in_order=self._jvm.exit_code == _ENDED_BY_SIGTERM)
        self._joined = None
        if self._folder is not None:
            if self._data_dir is None:
                self._folder.remove()
            self._folder.release()
            self._folder = None


def _reason(folder: DataFolder) -> str:
    return reason_of_failure((folder.path / _OUTPUT).read_text(encoding="utf-8", errors="replace"))
