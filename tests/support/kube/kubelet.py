"""A stand-in for nodes: binds the Pods that the real controllers create, and writes the status that a test wants.

Contract, for the Pods of one namespace:

* A Pod is bound to a Node object of this kubelet and gets the status for its behaviour, as a kubelet would write it:
  phase, conditions, containerStatuses, initContainerStatuses, podIP. Nothing runs.
* `behave(behaviour, **labels)` sets the behaviour of all Pods with these labels, including existing ones; the latest
  call that matches a Pod is used. By default, Pods become ready.
* A Pod that is being deleted is removed immediately, as if its containers ended on SIGTERM. Stopping the kubelet
  keeps its Node and the Pods on it.

Two writes per Pod. The real controllers update Deployments, ReplicaSets, budgets and quotas.
"""

import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from urllib3.exceptions import HTTPError

from tests.support.kube.api import Api, ApiError, Manifest
from tests.support.kube.follower import RETRY_AFTER_S, Follower
from tests.support.kube.pod_status import READY, Behaviour, Unschedulable, pod_status

THREADS = 6

_log = logging.getLogger(__name__)


class FakeKubelet:
    """The kubelet of one namespace's Pods, during the block."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._node = f"node-{uuid.uuid4().hex[:8]}"
        self._pods_path = f"/api/v1/namespaces/{namespace}/pods"
        self._rules: list[tuple[dict[str, str], Behaviour]] = [({}, READY)]
        self._pods: dict[str, Manifest] = {}
        self._stopping = threading.Event()
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="kubelet")
        self._follower = Follower(api, self._pods_path, self._changed, self._gone)

    def __enter__(self) -> Self:
        self._api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._node}})
        self._follower.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._follower.stop()
        self._pool.shutdown(cancel_futures=True)

    def behave(self, behaviour: Behaviour, **labels: str) -> None:
        """Set the behaviour of Pods with these labels: `behave(NotReady(), **{"app.kubernetes.io/name": "x"})`."""
        with self._lock:
            self._rules.insert(0, (labels, behaviour))
            uids = list(self._pods)
        for uid in uids:
            self._attend(uid)

    def _changed(self, pod: Manifest) -> None:
        with self._lock:
            self._pods[pod["metadata"]["uid"]] = pod
        self._attend(pod["metadata"]["uid"])

    def _gone(self, pod: Manifest) -> None:
        with self._lock:
            self._pods.pop(pod["metadata"]["uid"], None)

    def _attend(self, uid: str) -> None:
        """Handle the Pod in exactly one thread."""
        with self._lock:
            if uid in self._busy:
                return
            self._busy.add(uid)
        self._pool.submit(self._look_after, uid)

    def _look_after(self, uid: str) -> None:
        """Write the Pod's status, and again if it has changed in between."""
        seen: tuple[Manifest, Behaviour] | None = None
        while True:
            with self._lock:
                pod = self._pods.get(uid)
                now = None if pod is None else (pod, self._behaviour(pod))
                if now is None or now == seen:
                    self._busy.discard(uid)
                    return
            seen = now
            try:
                self._act(*now)
            except (ApiError, HTTPError) as error:
                _log.warning("pod %s: %s", now[0]["metadata"]["name"], error)
                # Any other refusal means that the Pod was changed or deleted, which the watch reports.
                if isinstance(error, HTTPError) or error.passes:
                    seen = None
                    self._stopping.wait(RETRY_AFTER_S)
                    if self._stopping.is_set():
                        return

    def _behaviour(self, pod: Manifest) -> Behaviour:
        labels = pod["metadata"].get("labels", {})
        return next(behaviour for wanted, behaviour in self._rules if wanted.items() <= labels.items())

    def _act(self, pod: Manifest, behaviour: Behaviour) -> None:
        path = f"{self._pods_path}/{pod['metadata']['name']}"
        if pod["metadata"].get("deletionTimestamp"):
            options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
            self._api.delete(path, options)
        elif not pod["spec"].get("nodeName") and not isinstance(behaviour, Unschedulable):
            binding = {"metadata": {"name": pod["metadata"]["name"]}, "target": {"kind": "Node", "name": self._node}}
            self._api.create(f"{path}/binding", binding)
        elif (status := pod_status(pod, behaviour)) is not None:
            self._api.merge(f"{path}/status", {"metadata": {"uid": pod["metadata"]["uid"]}, "status": status})
