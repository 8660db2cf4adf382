"""The controller of both operators: watches the resources of one kind and reconciles them in a few threads."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import KafkaException
from urllib3.exceptions import HTTPError

from tests.support.kube.api import Api, ApiError, Manifest
from tests.support.kube.follower import Follower
from tests.support.strimzi.key_queue import KeyQueue

RETRY_AFTER_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scope:
    """The resources of an operator: those in one namespace with the label of the Kafka cluster."""

    namespace: str
    cluster: str

    def path(self, plural: str) -> str:
        return f"/apis/kafka.strimzi.io/v1/namespaces/{self.namespace}/{plural}"

    @property
    def selector(self) -> str:
        return f"strimzi.io/cluster={self.cluster}"


class Controller:
    """Calls `reconcile` with the latest state of resources when they change, and with all of them every so often.

    `reconcile` gets up to `batch` resources and returns the names of those to retry soon; `forget` gets deleted ones. A
    resource is handled by one thread at a time.
    """

    def __init__(
        self,
        api: Api,
        scope: Scope,
        plural: str,
        reconcile: Callable[[list[Manifest]], list[str]],
        forget: Callable[[list[Manifest]], None],
        *,
        batch: int,
        threads: int,
        full_reconciliation_s: float,
    ) -> None:
        self.delay_s = 0.0
        self._reconcile = reconcile
        self._forget = forget
        self._batch = batch
        self._full_reconciliation_s = full_reconciliation_s
        self._resources: dict[str, Manifest] = {}
        self._lost: dict[str, Manifest] = {}
        self._queue = KeyQueue()
        self._stopping = threading.Event()
        self._follower = Follower(api, scope.path(plural), self._changed, self._gone, labelSelector=scope.selector)
        names = [*(f"{plural}-{number}" for number in range(threads)), f"{plural}-full-reconciliation"]
        targets = [self._work] * threads + [self._reconcile_all_now_and_then]
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True) for target, name in zip(targets, names, strict=True)
        ]

    def start(self) -> None:
        self._follower.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._follower.stop()
        self._queue.close()
        for thread in self._threads:
            thread.join()

    def reconcile_all(self) -> None:
        """Run a full reconciliation now."""
        for name in list(self._resources):
            self._queue.add(name)

    def _changed(self, resource: Manifest) -> None:
        name = resource["metadata"]["name"]
        before = self._resources.get(name)
        self._resources[name] = resource
        # The operator's own writes, status and finalizer, need no reconciliation.
        if before is None or _asked(before) != _asked(resource):
            self._queue.add(name, self.delay_s)

    def _gone(self, resource: Manifest) -> None:
        name = resource["metadata"]["name"]
        self._resources.pop(name, None)
        self._lost[name] = resource
        self._queue.add(name)

    def _work(self) -> None:
        while names := self._queue.take(self._batch):
            again = names
            try:
                self._forget_lost(names)
                again = self._reconcile([found for name in names if (found := self._resources.get(name)) is not None])
            except (ApiError, HTTPError, KafkaException) as error:
                _log.warning("%s: %s", ", ".join(names), error)
            except Exception:  # noqa: BLE001 - the top level of the thread, which one resource must not end
                _log.exception("%s: unexpected", ", ".join(names))
            finally:
                self._queue.done(names)
            for name in again:
                self._queue.add(name, RETRY_AFTER_S)

    def _forget_lost(self, names: list[str]) -> None:
        lost = {name: resource for name in names if (resource := self._lost.get(name)) is not None}
        self._forget(list(lost.values()))
        for name, resource in lost.items():
            if self._lost.get(name) is resource:
                del self._lost[name]

    def _reconcile_all_now_and_then(self) -> None:
        while not self._stopping.wait(self._full_reconciliation_s):
            self.reconcile_all()


def _asked(resource: Manifest) -> tuple[object, ...]:
    """The part of a resource that users write."""
    metadata = resource["metadata"]
    meta = [metadata.get(field) for field in ("uid", "generation", "labels", "annotations", "deletionTimestamp")]
    return (*meta, resource.get("spec"))
