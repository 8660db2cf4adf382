"""Addresses of this machine only."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host`, an address to listen on, is reached from this machine only."""
    return host == "localhost" or is_loopback_address(host)


def is_loopback_address(text: str) -> bool:
    """Whether `text` is an IP address of this machine only."""
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False
