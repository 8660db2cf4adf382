"""The program of the process that fills the store."""

import gc
import signal
import socket
import sys
import threading
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Final

import structlog

from darkroom.logs import configure_logs
from darkroom.tracing.start import start_tracing
from darkroom_ingestion.filling.filler import Filler
from darkroom_ingestion.filling.image_channel import received
from darkroom_ingestion.filling.messages import Report, Setup, Topics
from darkroom_ingestion.kafka.errors import CLIENT_NOT_CREATED
from darkroom_ingestion.kafka.log_admin import LogAdmin
from darkroom_ingestion.metrics import Metrics
from darkroom_ingestion.settings import SERVICE
from darkroom_ingestion.store.connecting import FILLING_CACHE_KIB, connect
from darkroom_ingestion.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from darkroom.kafka.connection import KafkaConnection
    from darkroom.tracing.spans import Tracing
    from darkroom_ingestion.records.answers import ReceivedImage

_REPORT_EVERY_S: Final = 0.2
_REPORT_SOON_S: Final = 0.02
"""Until the fillers have read what is in the log, which a service that starts waits for."""
_JOIN_S: Final = 5.0
_LAST_SPANS_S: Final = 1.0
_OBJECTS_UNTIL_COLLECTION: Final = 50_000

log = structlog.get_logger("darkroom.ingestion.filling")


class Fillers:
    """One filler per Kafka cluster."""

    def __init__(self, database: Database, group: str, metrics: Metrics, tracing: "Tracing | None" = None) -> None:
        self._database, self._group, self._metrics, self._tracing = database, group, metrics, tracing
        self._fillers: dict[KafkaConnection, Filler] = {}
        self._closing: list[threading.Thread] = []

    def read(self, wanted: Topics) -> None:
        """Read these topics from now on."""
        for connection in self._fillers.keys() - wanted.keys():
            self._close(self._fillers.pop(connection))
        for connection, topics in wanted.items():
            if connection in self._fillers:
                self._fillers[connection].read_topics(topics)
                continue
            try:
                admin = LogAdmin(connection)
                self._fillers[connection] = Filler(
                    self._database, connection, self._group, topics, admin, self._metrics, self._tracing
                )
            except CLIENT_NOT_CREATED as error:
                log.warning("a Kafka can't be used", bootstrap_servers=connection.bootstrap_servers, reason=str(error))

    def receive(self, bootstrap_servers: str, images: "Sequence[ReceivedImage]") -> None:
        """Take images that a Kafka has acknowledged to an HTTP process."""
        for connection, filler in self._fillers.items():
            if connection.bootstrap_servers == bootstrap_servers:
                filler.receive(images)

    def report(self) -> Report:
        """The state of every filler.

        Raises:
            RuntimeError: the thread of a filler has died.
        """
        if not all(filler.alive for filler in self._fillers.values()):
            raise RuntimeError("the thread of a filler has died")
        states = {connection: filler.state for connection, filler in self._fillers.items()}
        return Report(states, self._metrics.counters_of_the_store())

    def close(self) -> None:
        """Finish the current batches and leave the groups."""
        self.read({})
        for thread in self._closing:
            thread.join(_JOIN_S)

    def _close(self, filler: Filler) -> None:
        thread = threading.Thread(target=filler.close, args=(_JOIN_S,), name="closing filler", daemon=True)
        thread.start()
        self._closing = [*(other for other in self._closing if other.is_alive()), thread]


def collect_rarely() -> None:
    """Collect garbage less often: batches leave no cycles, and Python's default would take 3 % of the CPU time."""
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTION)


def main() -> None:
    """Fill the store until the service closes the pipe. The arguments are the numbers of the pipe and of a socket."""
    fill(Connection(int(sys.argv[1])), socket.socket(fileno=int(sys.argv[2])))


def fill(pipe: "Connection[Report, Topics]", passed: socket.socket) -> None:
    """Fill the store until the service closes `pipe`. Accepted images come through `passed`."""
    # The service, which gets the same signals, decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        setup = pipe.recv()
    except EOFError:  # the service has ended before it could start
        return
    assert isinstance(setup, Setup)  # noqa: S101 - the first message
    configure_logs(setup.log_format, setup.log_level)
    collect_rarely()
    database = connect(setup.database, FILLING_CACHE_KIB)
    tracing = start_tracing(SERVICE)
    fillers = Fillers(database, setup.group, Metrics(), tracing)
    sent = Report()
    try:
        while True:
            caught_up = all(state.caught_up for state in sent.states.values())
            for ready in wait([pipe, passed], _REPORT_EVERY_S if caught_up else _REPORT_SOON_S):
                if ready is pipe:
                    fillers.read(pipe.recv())
                else:
                    for bootstrap_servers, images in received(passed):
                        fillers.receive(bootstrap_servers, images)
            report = fillers.report()
            if report != sent:
                pipe.send(report)
                sent = report
    except (EOFError, BrokenPipeError, ConnectionResetError):
        fillers.close()
        if tracing is not None:
            tracing.close(_LAST_SPANS_S)
        database.close()
