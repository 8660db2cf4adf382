"""Redirects of a model's server: not into the network of the worker.

A server that a stage names could otherwise send a worker to addresses that only the worker reaches, such as a cloud's
metadata service or a service of the cluster, and read the answer from an error message.
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
    """What an aiohttp session needs to raise ForbiddenRedirect instead of following such a redirect.

    With the environment variable DARKROOM_ALLOW_PRIVATE_REDIRECTS=1 every redirect is followed.
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
