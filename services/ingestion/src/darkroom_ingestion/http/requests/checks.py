"""What is decided on every request before anything is looked up: its client, its caller, and whether it may go on."""

from collections.abc import Sequence
from typing import Final

from starlette.types import Scope

from darkroom.errors import DarkroomError
from darkroom.logs import LogFields, log_fields
from darkroom_ingestion.access.access import Access
from darkroom_ingestion.access.caller import CALLER
from darkroom_ingestion.access.head import Head
from darkroom_ingestion.access.needed import PUBLIC, Needed, goes_on, needed
from darkroom_ingestion.access.now import MustWait, result_now
from darkroom_ingestion.access.protocols import Forbidden
from darkroom_ingestion.access.proxies.forwarded import PEER, forwarded_client
from darkroom_ingestion.access.streams import STREAMED
from darkroom_ingestion.http.requests.callers import limited_as
from darkroom_ingestion.limits.callers import CallerLimits
from darkroom_ingestion.sign_in_settings import Network

_DECIDED: Final = "darkroom.decided"
"""Key in the ASGI scope, set by `passes_now`: the error that refuses the request; None if it may go on."""
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Checks:
    """Checks requests, each once.

    Rights are checked before anything is looked up: a refusal does not depend on whether a pipeline exists.

    Attributes:
        access: access control.
        is_empty: whether nothing is checked.

    Args:
        limits: those of callers. Probes are not limited.
        trusted_proxies: the addresses of proxies that say which client a request is from, for limits and logs.
    """

    def __init__(self, access: Access, limits: CallerLimits, trusted_proxies: Sequence[Network] = ()) -> None:
        self.access, self._limits, self._proxies = access, limits, trusted_proxies
        self.is_empty = not (access.is_checked or limits.limits_requests or trusted_proxies)

    async def check(self, scope: Scope) -> None:
        """Return if the request may go on, with its client and caller in the scope.

        Raises:
            DarkroomError: it may not.
        """
        if _DECIDED in scope:
            if scope[_DECIDED] is not None:
                raise scope.pop(_DECIDED)
            return
        if self._proxies:
            self._find_client(scope)
        if self.access.is_checked:
            await self._check_caller(scope)
        if self._limits.limits_requests and scope["path"] not in _PROBES:
            self._limits.count_request(limited_as(scope))

    def passes_now(self, scope: Scope, ids: LogFields) -> bool:
        """Whether the request may go on, as far as this is known without waiting. `check` decides nothing again.

        Log lines have `ids`.
        """
        if self.is_empty:
            return True
        with log_fields(ids):
            try:
                result_now(self.check(scope))
            except MustWait:
                return False
            except DarkroomError as error:
                scope[_DECIDED] = error
                return False
        scope[_DECIDED] = None
        return True

    def _find_client(self, scope: Scope) -> None:
        if PEER in scope or not (client := scope.get("client")):
            return
        peer, port = client
        if (address := forwarded_client(scope["headers"], peer, self._proxies)) != peer:
            scope[PEER], scope["client"] = peer, (address, port)

    async def _check_caller(self, scope: Scope) -> None:
        what = needed(scope["method"], scope["path"])
        if what is PUBLIC:
            return
        caller = scope[CALLER] = await self.access.caller_of(Head(scope))
        if isinstance(what, Needed):
            await self.access.require(caller, what.rights, what.namespace, what.name)
        elif what is None:
            raise Forbidden(caller, None)
        if goes_on(scope["method"], scope["path"]):
            scope[STREAMED] = [f"{what.namespace}/{what.name}"] if isinstance(what, Needed) else []
