"""Addresses as limits tell them apart."""

import ipaddress
from functools import lru_cache

_NETWORK_BITS = 64
"""Of an IPv6 address: the part that a network gives to one machine or site."""


@lru_cache(maxsize=1_024)
def network_of(address: str) -> str:
    """The part of an IP address that stands for one client; the text itself if it is not one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
    return str(parsed)
