"""Rights of callers that are recognised in different ways."""

from collections.abc import Collection, Mapping

from darkroom.access.right import Right
from darkroom_ingestion.access.caller import Caller, Method
from darkroom_ingestion.access.protocols import Authorizer


class ByMethod:
    """The Authorizer that asks the one for the caller's method, or `default`."""

    def __init__(self, default: Authorizer, by_method: Mapping[Method, Authorizer]) -> None:
        self._default, self._by_method = default, by_method

    async def may(self, caller: Caller, right: Right, namespace: str, name: str) -> bool:
        """Whether the caller has the right."""
        return await self._of(caller).may(caller, right, namespace, name)

    async def allowed(self, caller: Caller, right: Right, pipelines: Collection[str]) -> set[str]:
        """Those of the pipelines to which the caller has the right."""
        return await self._of(caller).allowed(caller, right, pipelines)

    def _of(self, caller: Caller) -> Authorizer:
        return self._by_method.get(caller.method, self._default)
