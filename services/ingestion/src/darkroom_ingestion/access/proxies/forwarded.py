"""The client's address behind a trusted proxy: X-Forwarded-For."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

from darkroom_ingestion.sign_in_settings import Network

PEER: Final = "darkroom.peer"
"""Key in the ASGI scope: the address of the proxy that has sent the request. Absent if no trusted proxy has."""

_HEADER: Final = b"x-forwarded-for"


def forwarded_client(headers: Iterable[tuple[bytes, bytes]], peer: str, proxies: Sequence[Network]) -> str:
    """The address of the client: the last one in X-Forwarded-For that is not of a trusted proxy.

    Proxies append the address that a request comes from. What is before that of the client may be made up by it.

    Args:
        headers: of the request.
        peer: the address that the request comes from.
        proxies: the addresses of trusted proxies.
    """
    if not is_within(peer, proxies):
        return peer
    listed = b",".join(value for name, value in headers if name == _HEADER).decode("latin-1").split(",")
    client = peer
    for entry in reversed(listed):
        address = _address(entry.strip())
        if address is None:
            return client
        client = address
        if not is_within(address, proxies):
            return client
    return client


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def _address(entry: str) -> str | None:
    """The address of an entry, which some proxies write with a port."""
    host = entry[1:].partition("]")[0] if entry.startswith("[") else entry
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None
