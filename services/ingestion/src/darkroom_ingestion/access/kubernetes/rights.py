"""Rights in a cluster, decided by SubjectAccessReview: those of its Roles."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Final

from darkroom import names
from darkroom.access.right import RESOURCE, Right
from darkroom_ingestion.access.caller import Caller
from darkroom_ingestion.access.kubernetes.decisions import Decisions
from darkroom_ingestion.access.kubernetes.reviews import Reviews
from darkroom_ingestion.access.kubernetes.tokens import KEPT_S, REFUSAL_KEPT_S

_PATH: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_AT_ONCE: Final = 16
_ALL: Final = ""
_SYSTEM: Final = "system:"
_AUTHENTICATED: Final = "system:authenticated"


class KubernetesRights:
    """An Authorizer: a right is a verb on a subresource of the ImagePipeline. `clock` is the time in seconds."""

    def __init__(self, reviews: Reviews, clock: Callable[[], float] = time.monotonic) -> None:
        self._reviews = reviews
        self._decisions: Decisions[tuple[Caller, Right, str, str], bool] = Decisions(
            lambda allowed: KEPT_S if allowed else REFUSAL_KEPT_S, clock
        )

    async def may(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:
        """Whether a Role or ClusterRole gives the caller the right.

        Raises:
            AccessUnavailable: the API server does not respond.
        """
        key = (caller, right, namespace, name)
        return await self._decisions.get(key, lambda: self._review(*key))

    async def allowed(self, caller: Caller, right: Right, pipelines: Collection[str]) -> set[str]:
        """Those of the pipelines to which the caller has the right.

        Asks first for rights to all pipelines and to those of a namespace: few callers have rights to single ones.

        Raises:
            AccessUnavailable: the API server does not respond.
        """
        if await self.may(caller, right, _ALL, _ALL):
            return set(pipelines)
        namespaces = sorted({key.split("/")[0] for key in pipelines})
        whole = await self._those(caller, right, [(namespace, _ALL) for namespace in namespaces])
        found = {namespace for namespace, _ in whole}
        single = [_names(key) for key in pipelines if key.split("/")[0] not in found]
        permitted = {f"{namespace}/{name}" for namespace, name in await self._those(caller, right, single)}
        return {key for key in pipelines if key in permitted or key.split("/")[0] in found}

    async def _those(self, caller: Caller, right: Right, pipelines: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        found = []
        rest: Iterator[tuple[str, str]] = iter(pipelines)
        while part := list(islice(rest, _AT_ONCE)):
            answers = await asyncio.gather(*(self.may(caller, right, *pipeline) for pipeline in part))
            found += [pipeline for pipeline, allowed in zip(part, answers, strict=True) if allowed]
        return found

    async def _review(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:
        attributes = {"group": names.GROUP, "resource": RESOURCE, "subresource": right.subresource, "verb": right.verb}
        attributes |= {"namespace": namespace, "name": name}
        spec = {**_subject(caller), "resourceAttributes": attributes}
        status = await self._reviews.ask("SubjectAccessReview", _PATH, spec)
        return bool(status.get("allowed")) and not status.get("denied")


def _subject(caller: Caller) -> dict[str, object]:
    if caller.method == "Kubernetes":
        extra = {name: list(values) for name, values in caller.extra}
        return {"user": caller.name, "uid": caller.uid, "groups": list(caller.groups), "extra": extra}
    # Only the API server itself may say that a caller is in one of its own groups, such as system:masters.
    name = "" if caller.name.startswith(_SYSTEM) else caller.name
    groups = [group for group in caller.groups if not group.startswith(_SYSTEM)]
    return {"user": name or "unknown", "groups": [*groups, _AUTHENTICATED]}


def _names(key: str) -> tuple[str, str]:
    namespace, _, name = key.partition("/")
    return namespace, name
