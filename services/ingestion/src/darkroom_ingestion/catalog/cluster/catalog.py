"""A catalog read from ImagePipelines, by a watch of the API server."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from darkroom import names
from darkroom.kafka.strimzi import cluster_ca_secret
from darkroom_ingestion.catalog.cluster.api_server import ApiServer, Object
from darkroom_ingestion.catalog.cluster.credentials import KafkaCredentials
from darkroom_ingestion.catalog.cluster.entries import Entries
from darkroom_ingestion.catalog.cluster.followed import Followed
from darkroom_ingestion.catalog.cluster.kafkas import Kafkas
from darkroom_ingestion.catalog.cluster.secrets import KnownSecret
from darkroom_ingestion.catalog.served import Pipelines

_GATHER_S = 0.05
"""Changes within this time are passed on together."""
_LOOK_AGAIN_S = 20.0
"""The interval at which the mounted credentials are read again."""

log = structlog.get_logger("darkroom.ingestion.cluster")


class ClusterCatalog:
    """The ImagePipelines of `namespaces`; of all namespaces if it is empty. Used from the event loop only."""

    def __init__(self, api_server: ApiServer, namespaces: tuple[str, ...], credentials: KafkaCredentials) -> None:
        self._news = asyncio.Event()
        namespaces_of_kafkas: set[str] = {cluster.namespace for cluster in credentials.clusters}
        everywhere: tuple[str | None, ...] = (None,)
        self._pipelines = [
            Followed(api_server, _path(f"{names.GROUP}/{names.VERSION}", names.PLURAL, namespace), self._news.set)
            for namespace in (namespaces or everywhere)
        ]
        self._kafkas = [
            Followed(api_server, _path("kafka.strimzi.io/v1", "kafkas", namespace), self._news.set)
            for namespace in (sorted({*namespaces, *namespaces_of_kafkas}) if namespaces else everywhere)
        ]
        self._secrets = [
            KnownSecret(api_server, cluster.namespace, name, self._news.set)
            for cluster in credentials.clusters
            for name in (cluster.secret_name, cluster_ca_secret(cluster.name))
        ]
        self._connections = Kafkas(credentials, {secret.name: secret for secret in self._secrets})
        self._entries = Entries()

    def read(self) -> Pipelines:
        """No pipelines yet: they are read by `watch`, so that the service can start without the API server."""
        return Pipelines(known=False)

    async def watch(self, changed: Callable[[Pipelines], None]) -> None:
        """Call `changed` with the pipelines whenever they change. Runs until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for followed in (*self._pipelines, *self._kafkas):
                group.create_task(followed.follow())
            for secret in self._secrets:
                group.create_task(secret.follow())
            await self._tell(changed)

    async def reported_status(self, key: str) -> Mapping[str, Any]:
        """The status that the operator last wrote; empty if it has not seen the pipeline yet."""
        return _all(self._pipelines).get(key, {}).get("status") or {}

    async def _tell(self, changed: Callable[[Pipelines], None]) -> None:
        before = self.read()
        while True:
            await self._wait_for_news()
            if not self._is_known():
                continue
            connect = self._connections.with_resources(_all(self._kafkas))
            now = self._entries.decide(_all(self._pipelines), connect)
            if now != before:
                _log_unserved(before, now)
                changed(now)
            before = now

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(_GATHER_S)
        self._news.clear()

    def _is_known(self) -> bool:
        """Whether everything has been read once. In an incomplete list, pipelines would look deleted."""
        return all(kind.known for kind in (*self._pipelines, *self._kafkas)) and all(s.asked for s in self._secrets)


def _path(group: str, plural: str, namespace: str | None) -> str:
    return f"/apis/{group}/{plural}" if namespace is None else f"/apis/{group}/namespaces/{namespace}/{plural}"


def _all(followed: list[Followed]) -> Mapping[str, Object]:
    if len(followed) == 1:
        return followed[0].objects
    return {key: live for kind in followed for key, live in kind.objects.items()}


def _log_unserved(before: Pipelines, now: Pipelines) -> None:
    for key, unserved in now.unserved.items():
        if before.unserved.get(key) != unserved:
            tell = log.warning if unserved.cause in {"Invalid", "KafkaNotKnown"} else log.info
            tell("pipeline not served", pipeline=key, cause=unserved.cause, reason=unserved.reason)
