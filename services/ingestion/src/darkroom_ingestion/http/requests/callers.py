"""Who sends a request, for the limits of callers."""

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.types import Scope

from darkroom_ingestion.access.caller import caller_of
from darkroom_ingestion.limits.byte_budget import ByteBudget

if TYPE_CHECKING:
    from darkroom_ingestion.http.context import Services

_NETWORK_BITS = 64
"""Of an IPv6 address: the part that a network gives to one machine or site."""


def address_of(scope: Scope) -> str:
    """The address that the request comes from; empty if it is not known."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def limited_as(scope: Scope) -> str:
    """The key of the request's caller in limits. Anonymous callers are told apart by address."""
    caller = caller_of(scope)
    return _of_address(address_of(scope)) if caller.method == "None" else caller.key


def name_of(scope: Scope) -> str:
    """The name of the request's caller, for people; the address of an anonymous one."""
    caller = caller_of(scope)
    return (address_of(scope) or "unknown") if caller.method == "None" else caller.name


def byte_budget(services: "Services", scope: Scope) -> ByteBudget | None:
    """For the body of the request; None if bytes are not limited."""
    return ByteBudget(services.limits, limited_as(scope)) if services.limits.limits_bytes else None


@lru_cache(maxsize=1_024)
def _of_address(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"address:{address}"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address:{parsed.ipv4_mapped}"
        return f"address:{ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False)}"
    return f"address:{parsed}"
