"""Which ingestion service the options select."""

import pytest

from darkroom_cli.client.target import ClusterTarget, Target, UrlTarget
from darkroom_cli.commands.connection import DEFAULT_URL, URL_VARIABLE, Connection
from darkroom_cli.exit_codes import InvalidInput

VARIABLE = "http://variable:1"


@pytest.mark.parametrize(
    ("connection", "target"),
    [
        (Connection(), UrlTarget(VARIABLE)),
        (Connection(url="http://given:1"), UrlTarget("http://given:1")),
        (Connection(kube_context="prod"), ClusterTarget("prod", None, None)),
        (Connection(namespace="demo"), ClusterTarget(None, "demo", None)),
        (Connection(service_namespace="darkroom"), ClusterTarget(None, None, "darkroom")),
        (Connection(plugin=True), ClusterTarget()),
        (Connection(plugin=True, url="http://given:1"), UrlTarget("http://given:1")),
    ],
)
def test_options_are_stronger_than_the_variable(
    connection: Connection, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, VARIABLE)
    assert connection.target() == target


def test_the_default_is_the_local_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    assert Connection().target() == UrlTarget(DEFAULT_URL)


def test_a_url_and_a_cluster_are_refused() -> None:
    with pytest.raises(InvalidInput, match="--url and -n name two services"):
        Connection(url="http://given:1", namespace="demo").target()
