"""The addresses that a worker may connect to."""

import ipaddress

import pytest

from darkroom_vision.sources.addresses import address_policy
from darkroom_vision.sources.failures import Refused


@pytest.mark.parametrize(
    ("address", "by_reference", "if_named"),
    [
        ("93.184.215.14", True, True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("10.96.0.1", False, True),
        ("172.16.3.4", False, True),
        ("192.168.1.1", False, True),
        ("100.64.0.1", False, True),
        ("fd00::1", False, True),
        ("0.0.0.0", False, True),
        ("224.0.0.1", False, True),
        ("169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("::ffff:10.0.0.1", False, True),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("2002:a9fe:a9fe::1", False, False),
        ("64:ff9b::5db8:d70e", True, True),
    ],
)
def test_private_addresses_need_a_name_and_link_local_ones_permission(
    address: str, *, by_reference: bool, if_named: bool
) -> None:
    policy, found = address_policy({}), ipaddress.ip_address(address)
    assert policy.permits(found, is_named=False) is by_reference
    assert policy.permits(found, is_named=True) is if_named


@pytest.mark.parametrize("value", ["10.96.0.0/12, fd00::/8", "10.96.0.0/12,fd00::/8"])
def test_networks_can_be_allowed(value: str) -> None:
    policy = address_policy({"DARKROOM_ALLOW_PRIVATE_REDIRECTS": value})
    permitted = [
        a
        for a in ("10.96.0.1", "fd00::1", "10.0.0.1", "::1")
        if policy.permits(ipaddress.ip_address(a), is_named=False)
    ]
    assert permitted == ["10.96.0.1", "fd00::1"]


def test_everything_can_be_allowed() -> None:
    policy = address_policy({"DARKROOM_ALLOW_PRIVATE_REDIRECTS": "1"})
    assert all(policy.permits(ipaddress.ip_address(a), is_named=False) for a in ("169.254.169.254", "::1", "10.0.0.1"))


def test_another_value_is_refused() -> None:
    with pytest.raises(Refused, match=r"must be 1 or a comma-separated list of networks: 'yes'"):
        address_policy({"DARKROOM_ALLOW_PRIVATE_REDIRECTS": "yes"})
