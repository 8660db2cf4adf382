"""Refusing redirects of a model's server to addresses that are not public.

Otherwise a server that a stage names could redirect a worker to addresses that only the worker can reach, such as a
cloud's metadata service or a service of the cluster, and its response could leak through an error message.
"""

import asyncio
import ipaddress
import os
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiohttp import ClientSession, TraceConfig, TraceRequestRedirectParams

ALLOW: Final = "DARKROOM_ALLOW_PRIVATE_REDIRECTS"


class ForbiddenRedirect(Exception):
    """A server redirects to an address that is not public."""


def public_redirects_only() -> "TraceConfig":
    """A trace configuration for an aiohttp session that raises ForbiddenRedirect for redirects to private addresses.

    With the environment variable DARKROOM_ALLOW_PRIVATE_REDIRECTS=1, all redirects are followed.
    """
    from aiohttp import TraceConfig  # noqa: PLC0415 - comes with fsspec[http], needed for https alone

    trace = TraceConfig()
    if os.environ.get(ALLOW) != "1":
        trace.on_request_redirect.append(_check)
    return trace


async def _check(_session: "ClientSession", _context: SimpleNamespace, redirect: "TraceRequestRedirectParams") -> None:
    from yarl import URL  # noqa: PLC0415 - comes with aiohttp

    location = redirect.response.headers.get("Location") or redirect.response.headers.get("URI") or ""
    host = redirect.url.join(URL(location)).host or ""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    for *_, address in found:
        if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global:
            raise ForbiddenRedirect(
                f"it redirects to {host}, which is not a public address; "
                f"{ALLOW}=1 in the stage's template.env allows it"
            )
