"""The command `darkroom-operator`: creates the parts of the operator, starts them, and stops them gracefully."""

import logging
import os
import sys

import structlog

from darkroom.errors import DarkroomError
from darkroom.logs import configure_logs
from darkroom_operator.builders.workload import WorkerImage
from darkroom_operator.cluster.cache import Cache
from darkroom_operator.cluster.name_claims import NameClaims
from darkroom_operator.cluster.reference_watch import ReferenceWatch
from darkroom_operator.cluster.references import References
from darkroom_operator.cluster.served_kinds import ServedKinds
from darkroom_operator.cluster.world import World
from darkroom_operator.config import Config, parse_config
from darkroom_operator.kafka.admin.lag import LagReader
from darkroom_operator.kafka.admin.topics import TopicProvisioner
from darkroom_operator.kube.access import Access
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.core_transport import CoreTransport
from darkroom_operator.kube.kinds import CONFIG_MAP, SECRET
from darkroom_operator.kube.strimzi_transport import StrimziTransport
from darkroom_operator.reconcile.reconciler import Reconciler
from darkroom_operator.runtime.cluster_sync import ClusterSync
from darkroom_operator.runtime.controller import Controller
from darkroom_operator.runtime.http_server import HttpServer
from darkroom_operator.runtime.informer import Informer
from darkroom_operator.runtime.kopf_handlers import watch_registry, watch_settings
from darkroom_operator.runtime.kopf_runner import KopfRunner
from darkroom_operator.runtime.leader_election import LeaderElection
from darkroom_operator.runtime.metrics import Metrics, PipelineTally
from darkroom_operator.runtime.scaling_loop import ScalingLoop
from darkroom_operator.runtime.work_queue import WorkQueue
from darkroom_operator.scaling.autoscaler import Autoscaler
from darkroom_operator.scaling.registry import Registry
from darkroom_operator.status.events import EventRecorder

log = structlog.get_logger(__name__)


class Operator:
    """One replica of the operator."""

    def __init__(self, config: Config) -> None:
        self._config = config
        access = Access.find(config.kubeconfig)
        core, strimzi = CoreTransport(access), StrimziTransport(access)
        metrics, tally, queue = Metrics(), PipelineTally(), WorkQueue()
        self._election = LeaderElection(
            Kube(core, strimzi, metrics.requested),
            config.lease_namespace,
            config.lease_name,
            config.identity,
            on_elected=self._queue_all,
            duration_s=config.lease_s,
        )
        is_leader = self._election.is_leader if config.leader_election else lambda: True
        kube = Kube(core, strimzi, metrics.requested, is_leader)
        cache, claims, references, served_kinds = Cache(), NameClaims(), References(kube), ServedKinds(kube)
        informer = Informer(cache, claims, references, queue.add)
        world = World(kube, cache, claims, served_kinds, references, config.namespaces)
        recorder, scaling = EventRecorder(kube, config.identity), Registry()
        self._topics = TopicProvisioner(on_finished=queue.add)
        reconciler = Reconciler(
            world,
            self._topics,
            recorder,
            WorkerImage(config.worker_image, config.worker_image_pull_policy, config.worker_gpu_image),
            on_status=tally.note,
            scaling=scaling,
            kafka_user=config.kafka_user,
            tenant_template=config.tenant_template,
            tracing=config.worker_tracing,
            worker_defaults=config.worker_defaults,
        )
        self._sync = ClusterSync(
            kube,
            cache,
            informer,
            queue,
            served_kinds,
            is_leader=is_leader,
            on_new_kinds=self._restart_watches,
            namespaces=list(config.namespaces),
            resync_s=config.resync_s,
        )
        self._controller = Controller(
            queue,
            self._sync,
            reconciler,
            metrics,
            is_leader=is_leader,
            threads=config.threads,
            stall_s=config.stall_s,
        )
        autoscaler = Autoscaler(world, scaling, recorder, LagReader(), reconcile=queue.add, count=metrics.decided)
        self._scaling = ScalingLoop(
            autoscaler, may_run=lambda: self._sync.is_filled() and is_leader(), interval_s=config.scaling_s
        )
        self._watches = KopfRunner(
            watch_registry(informer, access, self._controller.health_problem, self._sync.before_watching),
            watch_settings(),
            config.namespaces,
            f"http://0.0.0.0:{config.health_port}/healthz",
        )
        metrics.watch(queue, tally, scaling, is_leader)
        self._reference_watches = [
            ReferenceWatch(core, kind, namespace, references, queue.add)
            for kind in (SECRET, CONFIG_MAP)
            for namespace in (config.namespaces or (None,))
        ]
        self._http = HttpServer(config.metrics_port, metrics.registry, self._sync.is_filled)

    def _queue_all(self) -> None:
        self._controller.queue_all()

    def _restart_watches(self) -> None:
        self._watches.restart()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        # Without POD_ID kopf builds an identity from the user name, which does not exist in the operator's image.
        os.environ.setdefault("POD_ID", self._config.identity)
        self._http.start()
        for watch in self._reference_watches:
            watch.start()
        if self._config.leader_election:
            self._election.start()
        self._sync.start()
        self._controller.start()
        self._scaling.start()
        try:
            self._watches.run()
        finally:
            for watch in self._reference_watches:
                watch.stop()
            self._scaling.stop()
            self._controller.stop()
            self._sync.stop()
            self._topics.close()
            self._election.stop()
            self._http.stop()


def main() -> None:
    """Run the operator with the options of the command line."""
    config = parse_config(sys.argv[1:])
    configure_logs(config.log_format, config.log_level)
    # kopf logs a line for every event that its handlers receive.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    try:
        Operator(config).run()
    except (DarkroomError, OSError) as error:
        log.error("the operator cannot run", error=str(error))  # noqa: TRY400 - a traceback would not help the user
        sys.exit(1)


if __name__ == "__main__":
    main()
