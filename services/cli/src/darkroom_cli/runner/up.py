"""The steps of `darkroom up`: load models and start Kafka, create topics, run services, stop everything in order."""

import asyncio
import os
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom.kafka.connection import KafkaConnection
from darkroom_cli.local_kafka import KAFKA_VERSION
from darkroom_cli.manifests.bundle import Bundle
from darkroom_cli.processes.ports import Reservation, netloc, reached_at
from darkroom_cli.processes.threads import in_daemon_thread
from darkroom_cli.runner.autoscaling.scaled_workers import ScaledWorkers, ServiceOf
from darkroom_cli.runner.autoscaling.scaling import Scaling
from darkroom_cli.runner.kafka import lag_query, prepare
from darkroom_cli.runner.mode_changes import changed_modes
from darkroom_cli.runner.model_check import check_models
from darkroom_cli.runner.options import Options
from darkroom_cli.runner.own_kafka import OwnKafka
from darkroom_cli.runner.plan import StageRun, plan
from darkroom_cli.runner.services import StageFiles, ingestion_service, worker_service, write_documents
from darkroom_cli.runner.state_folder import StateFolder
from darkroom_cli.runner.supervised import Service, Supervised
from darkroom_cli.views.output import answer, say
from darkroom_cli.views.steps import step


class Up:
    """One run of `darkroom up`, on a locked data folder.

    Args:
        own_kafka: the broker that this run has launched; None to use the one that `options` name.
    """

    def __init__(self, options: Options, bundle: Bundle, folder: StateFolder, own_kafka: OwnKafka | None) -> None:
        """Starts nothing more before `run`."""
        self._folder = folder
        self._ingestion_workers, self._exposure = options.ingestion_workers, options.exposure
        self._fork_server = options.fork_server
        self._reservations = [] if options.port else [Reservation()]
        self._port = options.port or self._reservations[0].port
        self._own = own_kafka
        servers = self._own.bootstrap_servers if self._own else str(options.bootstrap_servers)
        self._connection = KafkaConnection(bootstrap_servers=servers)
        self._cpus = os.cpu_count() or 1
        self._run = plan(bundle, self._connection, workers=options.workers, cpus=self._cpus, store=folder.store)
        self._ingestion: list[Supervised] = []
        self._stages: list[ScaledWorkers] = []
        self.was_ready = False

    async def run(self) -> None:
        """Run until cancelled, then stop everything in order.

        Raises:
            DarkroomError: something can't be started; nothing is left running.
        """
        for note in (*self._run.notes, *changed_modes(self._run.stages, self._folder)):
            say(f"note: {note}")
        try:
            stages = write_documents(self._run, self._folder)
            self._stages = [ScaledWorkers(stage, self._service_of(stage, file)) for stage, file in stages]
            self._ingestion = [Supervised(self._ingestion_service())]
            async with asyncio.TaskGroup() as group:
                kafka = group.create_task(self._start_kafka())
                for service in [*self._workers, *self._ingestion]:
                    service.start_held()
                models = group.create_task(self._check_models(stages))
                await kafka
                if self._own is not None:
                    group.create_task(self._own.coordinating())
                # No topic is created for a pipeline that can't run.
                await models
                await self._prepare_kafka()
            await self._serve()
        except* DarkroomError as errors:
            raise _first(errors) from None
        finally:
            await self._shut_down()

    def kill(self) -> None:
        """Kill all processes."""
        for service in [*self._ingestion, *self._workers]:
            service.kill()
        if self._own is not None:
            self._own.kill()

    @property
    def _workers(self) -> list[Supervised]:
        """All worker processes, with those that are leaving."""
        return [worker for stage in self._stages for worker in stage.all]

    def _service_of(self, stage: StageRun, file: Path) -> ServiceOf:
        """The workers of a stage, each with a port that stays its own."""
        ports: dict[int, int] = {}

        def service(number: int) -> Service:
            if number not in ports:
                self._reservations.append(Reservation())
                ports[number] = self._reservations[-1].port
            return worker_service(stage, file, number, ports[number], self._folder, self._fork_server)

        return service

    def _ingestion_service(self) -> Service:
        return ingestion_service(self._folder, self._port, self._ingestion_workers, self._exposure, self._fork_server)

    async def _check_models(self, stages: StageFiles) -> None:
        names = ", ".join(stage.title for stage, _ in stages)
        without_workers = [(stage, file) for stage, file in stages if stage.workers == 0]
        async with step(f"Checking the models of {names}", "Models checked"):
            await check_models(self._workers, without_workers, self._folder.logs, at_a_time=self._cpus)

    async def _start_kafka(self) -> None:
        if self._own is not None:
            servers = self._connection.bootstrap_servers
            async with step(f"Starting Kafka {KAFKA_VERSION}", f"Kafka is ready on {servers}"):
                await self._own.healthy()

    async def _prepare_kafka(self) -> None:
        async with step("Creating the topics", "") as making:
            prepared = await in_daemon_thread(lambda: prepare(self._connection, self._run.topologies))
            changes = prepared.changes
            made, grown = len(changes.created), len(changes.grown)
            making.outcome = (
                f"Topics: {made} created, {grown} given more partitions, {len(changes.configured)} reconfigured"
            )
            if prepared.clamped:
                making.outcome += f"; {prepared.clamped} limited to {prepared.brokers} replica(s), one per broker"
        if self._folder.has_results_of_another(prepared.cluster_id):
            say("note: this is not the Kafka of the last run: the results store is rebuilt from its topics")
            # The held service has opened the store.
            await asyncio.gather(*(service.stop() for service in self._ingestion))
            self._folder.forget_results(prepared.cluster_id)
            for service in self._ingestion:
                service.start_held()

    async def _serve(self) -> None:
        services = [*self._ingestion, *self._workers]
        async with asyncio.TaskGroup() as group:
            if self._own is not None:
                group.create_task(self._own.keep())
            for service in self._ingestion:
                group.create_task(service.keep())
            for stage in self._stages:
                stage.keep(group)
            doing = f"Starting the ingestion service and {len(self._workers)} worker(s)"
            async with step(doing, "Everything is ready") as starting:
                starting.detail = lambda: "; ".join(
                    f"{late.service.name}: {late.why_not_ready}" for late in services if not late.ready.is_set()
                )
                await asyncio.gather(*(service.ready.wait() for service in services))
            self.was_ready = True
            answer(f"ready: http://{netloc(reached_at(self._exposure.host), self._port)}")
            await Scaling(self._stages, lag_query(self._connection)).keep(group)
            await asyncio.Event().wait()

    async def _shut_down(self) -> None:
        """Stop the ingestion service, so that no images arrive, then the workers, which finish theirs, then Kafka."""
        await asyncio.gather(*(service.stop() for service in self._ingestion))
        await asyncio.gather(*(service.stop() for service in self._workers))
        if self._own is not None:
            await self._own.stop()
        for reservation in self._reservations:
            reservation.release()


def _first(errors: BaseExceptionGroup[DarkroomError]) -> DarkroomError:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
