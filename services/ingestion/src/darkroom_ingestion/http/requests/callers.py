"""Who sends a request, for the limits of callers."""

from typing import TYPE_CHECKING

from starlette.types import Scope

from darkroom_ingestion.access.caller import caller_of
from darkroom_ingestion.limits.addresses import network_of
from darkroom_ingestion.limits.byte_budget import ByteBudget

if TYPE_CHECKING:
    from darkroom_ingestion.http.context import Services


def address_of(scope: Scope) -> str:
    """The address that the request comes from; empty if it is not known."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""


def limited_as(scope: Scope) -> str:
    """The key of the request's caller in limits. Anonymous callers are told apart by address."""
    caller = caller_of(scope)
    return f"address:{network_of(address_of(scope))}" if caller.method == "None" else caller.key


def name_of(scope: Scope) -> str:
    """The name of the request's caller, for people; the address of an anonymous one."""
    caller = caller_of(scope)
    return (address_of(scope) or "unknown") if caller.method == "None" else caller.name


def byte_budget(services: "Services", scope: Scope) -> ByteBudget | None:
    """For the body of the request; None if bytes are not limited."""
    return ByteBudget(services.limits, limited_as(scope)) if services.limits.limits_bytes else None
