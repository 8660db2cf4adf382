"""One of several HTTP processes: serves the connections that its parent passes to it."""

import asyncio
import itertools
import signal
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Literal, cast

from prometheus_client.core import Metric

from darkroom.logs import configure_logs
from darkroom_ingestion.catalog.served import Pipelines
from darkroom_ingestion.filling.states import FillerStates
from darkroom_ingestion.http.context import Services
from darkroom_ingestion.http.health import liveness_checks, readiness_checks
from darkroom_ingestion.http.server.servers import probes_served, server
from darkroom_ingestion.http.siblings import ChecksOfProcesses
from darkroom_ingestion.library_logs import quiet_libraries
from darkroom_ingestion.processes.channel import Channel
from darkroom_ingestion.processes.connections import Received
from darkroom_ingestion.processes.messages import (
    Answer,
    Counted,
    Question,
    ReportedStatus,
    Serving,
    Setup,
    States,
    StatusQuestion,
)
from darkroom_ingestion.services import Membership
from darkroom_ingestion.serving import loaded_app, prepared
from darkroom_ingestion.store.connecting import connect

_COUNTED_EVERY_S: Final = 1.0
_ANSWER_S: Final = 8.0


class Parent:
    """The parent, as its HTTP process sees it: what all processes have in common, and the catalog."""

    def __init__(self, channel: Channel, setup: Setup) -> None:
        self._channel = channel
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._pipelines: asyncio.Queue[Pipelines] = asyncio.Queue()
        self.filling = FillerStates()
        self.filling.states = setup.states.states

    def read(self) -> Pipelines:
        """No pipelines: the setup has them."""
        return Pipelines(known=False)

    async def watch(self, changed: Callable[[Pipelines], None]) -> None:
        """Call `changed` with the pipelines whenever they change."""
        while True:
            changed(await self._pipelines.get())

    async def checks(self, question: Literal["liveness", "readiness"]) -> ChecksOfProcesses:
        """The checks of every process."""
        return cast("ChecksOfProcesses", await self._ask(lambda number: Question(number, question)))

    async def metrics(self) -> Iterable[Metric]:
        """The metrics of the service."""
        return cast("Iterable[Metric]", await self._ask(lambda number: Question(number, "metrics")))

    async def reported_status(self, key: str) -> ReportedStatus:
        """The status of the ImagePipeline `namespace/name`; None outside of Kubernetes."""
        return cast("ReportedStatus", await self._ask(lambda number: StatusQuestion(number, key)))

    async def follow(self, services: Services) -> None:
        """Handle the parent's messages. Stops this process if the parent has ended."""
        answering: set[asyncio.Task[None]] = set()
        while True:
            try:
                message = await self._channel.receive()
            except EOFError:
                signal.raise_signal(signal.SIGTERM)
                return
            match message:
                case Pipelines() as pipelines:
                    self._pipelines.put_nowait(pipelines)
                case States(states):
                    self.filling.states = states
                case Answer(number, content):
                    if (answer := self._asked.get(number)) and not answer.done():
                        answer.set_result(content)
                case Question() as question:
                    task = asyncio.create_task(self._answer(question, services))
                    answering.add(task)
                    task.add_done_callback(answering.discard)

    async def report(self, services: Services) -> None:
        """Send the metrics every second, so that they are known when this process has ended."""
        while True:
            self.count(services)
            await asyncio.sleep(_COUNTED_EVERY_S)

    def count(self, services: Services) -> None:
        """Send the metrics."""
        self._channel.send(Counted(list(services.metrics.registry.collect())))

    async def _ask(self, question: Callable[[int], object]) -> object:
        number = next(self._numbers)
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self._channel.send(question(number))
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await answer
        finally:
            del self._asked[number]

    async def _answer(self, question: Question, services: Services) -> None:
        content: object
        match question.subject:
            case "metrics":
                content = list(services.metrics.registry.collect())
            case "liveness":
                content = liveness_checks(services)
            case "readiness":
                content = await readiness_checks(services)
        self._channel.send(Answer(question.number, content))


async def run(control: socket.socket, connections: socket.socket, images: socket.socket) -> None:
    """Serve until SIGTERM. Images that are accepted are sent to `images`.

    Raises:
        BadDatabase: the store can't be read.
    """
    channel = await Channel.over(control)
    setup = await channel.receive()
    assert isinstance(setup, Setup)  # noqa: S101 - the first message
    configure_logs(setup.settings.log_format, setup.settings.log_level)
    quiet_libraries()
    parent = Parent(channel, setup)
    membership = Membership(setup.owner, parent, parent.filling, images)
    database = connect(setup.settings.database)
    app = loaded_app(setup.settings)
    async with prepared(app, setup.settings, database, parent, setup.pipelines, membership) as ready:
        services = ready.services
        if setup.replaces:
            # The service has waited for all Kafkas at its start. Now one that is away must not make it unready.
            services.started.set()
        services.background.start("parent", partial(parent.follow, services))
        services.background.start("metrics", partial(parent.report, services))

        def started() -> None:
            received.begin()
            channel.send(Serving())

        async def stop() -> None:
            await received.finish()
            services.stopping.set()

        async with probes_served(ready.probe_app, []) as probes:
            main = server(ready.app, setup.settings.shutdown_timeout_s, started, stop, ready.tls, ready.at_once)
            received = Received(connections, main.take, probes.take)
            await main.serve([])
        parent.count(services)
    await channel.close()
