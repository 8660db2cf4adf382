"""`darkroom-operator`: everything put together, started, and ended in order."""

import logging
import os
import sys

import structlog

from darkroom.errors import DarkroomError
from darkroom.logs import configure_logs
from darkroom_operator.builders.workload import WorkerImage
from darkroom_operator.cluster.cache import Cache
from darkroom_operator.cluster.claims import Claims
from darkroom_operator.cluster.presence import Presence
from darkroom_operator.cluster.reference_watch import ReferenceWatch
from darkroom_operator.cluster.references import References
from darkroom_operator.cluster.world import World
from darkroom_operator.config import Config, parse_config
from darkroom_operator.kafka.admin import KafkaAdmin
from darkroom_operator.kube.access import Access
from darkroom_operator.kube.api import Kube
from darkroom_operator.kube.core_transport import CoreTransport
from darkroom_operator.kube.kinds import CONFIG_MAP, SECRET
from darkroom_operator.kube.strimzi_transport import StrimziTransport
from darkroom_operator.metrics import Metrics, PipelineTally
from darkroom_operator.reconcile.reconcile import Reconciler
from darkroom_operator.runtime.engine import Engine
from darkroom_operator.runtime.feed import Feed
from darkroom_operator.runtime.handlers import watch_registry, watch_settings
from darkroom_operator.runtime.http_server import HttpServer
from darkroom_operator.runtime.lease import Leadership
from darkroom_operator.runtime.watches import Watches
from darkroom_operator.runtime.work_queue import WorkQueue
from darkroom_operator.status.events import Recorder

log = structlog.get_logger(__name__)


class Operator:
    """One replica."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._access = Access.find(config.kubeconfig)
        core, strimzi = CoreTransport(self._access), StrimziTransport(self._access)
        metrics, tally, queue = Metrics(), PipelineTally(), WorkQueue()
        self._leadership = Leadership(
            Kube(core, strimzi, metrics.requested),
            config.lease_namespace,
            config.lease_name,
            config.identity,
            on_lead=self._take_up_all,
            duration_s=config.lease_s,
        )
        leads = self._leadership.leads if config.leader_election else lambda: True
        kube = Kube(core, strimzi, metrics.requested, leads)
        cache, claims, references, presence = Cache(), Claims(), References(kube), Presence(kube)
        self._feed = Feed(cache, claims, references, queue.add)
        self._admin = KafkaAdmin(on_news=queue.add)
        reconciler = Reconciler(
            World(kube, cache, claims, presence, references, config.namespaces),
            self._admin,
            Recorder(kube, config.identity),
            WorkerImage(config.worker_image, config.worker_image_pull_policy),
            on_status=tally.note,
        )
        self._engine = Engine(
            kube,
            cache,
            self._feed,
            queue,
            presence,
            reconciler,
            metrics,
            leads=leads,
            on_new_kinds=self._begin_watches_anew,
            namespaces=list(config.namespaces),
            threads=config.threads,
            resync_s=config.resync_s,
            stall_s=config.stall_s,
        )
        self._watches = Watches(
            watch_registry(self._feed, self._access, self._engine.problem, self._engine.before_watching),
            watch_settings(),
            config.namespaces,
            f"http://0.0.0.0:{config.health_port}/healthz",
        )
        metrics.watch(queue, tally, leads)
        self._reference_watches = [
            ReferenceWatch(core, kind, namespace, references, queue.add)
            for kind in (SECRET, CONFIG_MAP)
            for namespace in (config.namespaces or (None,))
        ]
        self._http = HttpServer(config.metrics_port, metrics.registry, self._engine.is_ready)

    def _take_up_all(self) -> None:
        self._engine.take_up_all()

    def _begin_watches_anew(self) -> None:
        self._watches.begin_anew()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        # kopf makes up an identity otherwise, of the user's name: in our image the user has none.
        os.environ.setdefault("POD_ID", self._config.identity)
        self._http.start()
        for watch in self._reference_watches:
            watch.start()
        if self._config.leader_election:
            self._leadership.start()
        self._engine.start()
        try:
            self._watches.run()
        finally:
            for watch in self._reference_watches:
                watch.stop()
            self._engine.stop()
            self._admin.close()
            self._leadership.stop()
            self._http.stop()


def main() -> None:
    """Entry point."""
    config = parse_config(sys.argv[1:])
    configure_logs(config.log_format, config.log_level)
    # kopf has a line for every event that its handlers passed on.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    try:
        Operator(config).run()
    except (DarkroomError, OSError) as error:
        log.error("the operator can't work", error=str(error))  # noqa: TRY400 - it is for a person, not for us
        sys.exit(1)


if __name__ == "__main__":
    main()
