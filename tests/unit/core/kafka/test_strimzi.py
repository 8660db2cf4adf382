"""Listeners and authorization of a Kafka resource."""

from typing import Any

import pytest

from darkroom.kafka.strimzi import choose_listener, has_authorization, ports, supports_acls


def kafka(*listeners: tuple[str, bool, str | None, str]) -> dict[str, Any]:
    return {
        "spec": {
            "kafka": {
                "listeners": [
                    {"name": n, "tls": tls, "type": kind, **({"authentication": {"type": auth}} if auth else {})}
                    for n, tls, auth, kind in listeners
                ]
            }
        },
        "status": {"listeners": [{"name": n, "bootstrapServers": f"{n}:9092"} for n, *_ in listeners]},
    }


@pytest.mark.parametrize(
    ("listeners", "chosen"),
    [
        ([("plain", False, None, "internal")], "plain"),
        ([("plain", False, None, "internal"), ("tls", True, "tls", "internal")], "tls"),
        ([("tls", True, "tls", "internal"), ("scram", True, "scram-sha-512", "internal")], "scram"),
        ([("scram", False, "scram-sha-512", "internal"), ("tls", True, None, "internal")], "scram"),
        ([("outside", True, "scram-sha-512", "loadbalancer"), ("plain", False, None, "internal")], "plain"),
        ([("outside", True, "scram-sha-512", "loadbalancer")], "outside"),
        ([("oauth", True, "oauth", "internal"), ("plain", False, None, "internal")], "plain"),
    ],
)
def test_the_safest_listener_inside_the_cluster_is_used(
    listeners: list[tuple[str, bool, str | None, str]], chosen: str
) -> None:
    found = choose_listener(kafka(*listeners))
    assert found is not None
    assert found.name == chosen


def test_a_kafka_without_a_published_address_has_no_listener() -> None:
    silent = {**kafka(("plain", False, None, "internal")), "status": {}}
    assert choose_listener(silent) is None
    assert choose_listener(kafka(("oauth", True, "oauth", "internal"))) is None


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("b1:9093,b2:9092,[::1]:9092", (9092, 9093)),
        ("b1:9094, b2:9095", (9094, 9095)),
        ("b1", (9092,)),
        ("b1:9094,b2", (9092, 9094)),
        ("[::1]", (9092,)),
    ],
)
def test_ports_of_bootstrap_servers(servers: str, expected: tuple[int, ...]) -> None:
    """There is always a port, because a NetworkPolicy without ports would allow all."""
    assert ports(servers) == expected


@pytest.mark.parametrize(
    ("authorization", "acls", "any_authorizer"),
    [
        (None, False, False),
        ({}, False, False),
        ({"type": "simple"}, True, True),
        ({"type": "custom"}, False, True),
        ({"type": "custom", "supportsAdminApi": False}, False, True),
        ({"type": "custom", "supportsAdminApi": True}, True, True),
    ],
)
def test_which_authorization_supports_acls(authorization: Any, acls: bool, any_authorizer: bool) -> None:
    resource = {"spec": {"kafka": {"authorization": authorization}}}
    assert (supports_acls(resource), has_authorization(resource)) == (acls, any_authorizer)


def test_a_resource_without_a_spec_has_no_authorization() -> None:
    assert not supports_acls({})
    assert not has_authorization({})
