"""Which addresses a worker may connect to when a server, not the pipeline's manifest, names the host.

Otherwise a server that a stage names could redirect a worker to addresses that only the worker can reach, such as a
cloud's metadata service or a service of the cluster, and the response could leak through an error message.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from darkroom_vision.sources.failures import Refused

ALLOW: Final = "DARKROOM_ALLOW_PRIVATE_REDIRECTS"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_EVERYTHING: Final = (ipaddress.IPv4Network("0.0.0.0/0"), ipaddress.IPv6Network("::/0"))


@dataclass(frozen=True)
class AddressPolicy:
    """The addresses that may be connected to in addition to public ones."""

    allowed: tuple[Network, ...] = ()

    def permits(self, address: Address, *, is_named: bool) -> bool:
        """Whether a connection is allowed.

        Args:
            address: of the host.
            is_named: whether the manifest or an environment variable names the host: it may have a private address,
                but not a link-local one, which is where clouds serve credentials of machines.
        """
        address = _embedded(address)
        if any(address in network for network in self.allowed if network.version == address.version):
            return True
        if is_named:
            return not address.is_link_local
        return address.is_global and not address.is_multicast


def address_policy(environment: Mapping[str, str]) -> AddressPolicy:
    """The policy with the addresses of `DARKROOM_ALLOW_PRIVATE_REDIRECTS`.

    Its value is 1, for all addresses, or a comma-separated list of networks such as 10.96.0.0/12.

    Raises:
        Refused: the value is neither.
    """
    value = environment.get(ALLOW, "").strip()
    if value in {"", "0"}:
        return AddressPolicy()
    if value == "1":
        return AddressPolicy(_EVERYTHING)
    try:
        return AddressPolicy(tuple(ipaddress.ip_network(network.strip()) for network in value.split(",")))
    except ValueError as error:
        raise Refused(f"{ALLOW} must be 1 or a comma-separated list of networks: {error}") from error


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does: mapped, 6to4 or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
