"""Which ingestion service the options select."""

from pathlib import Path

import pytest

from darkroom_cli.client.target import ClusterTarget, ServiceAccount, Target, UrlTarget
from darkroom_cli.client.tokens import GivenToken, TokenFile
from darkroom_cli.commands.connection import (
    DEFAULT_URL,
    TOKEN_FILE_VARIABLE,
    TOKEN_VARIABLE,
    URL_VARIABLE,
    Connection,
)
from darkroom_cli.exit_codes import InvalidInput

VARIABLE = "http://variable:1"


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    monkeypatch.delenv(TOKEN_FILE_VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("connection", "target"),
    [
        (Connection(), UrlTarget(VARIABLE)),
        (Connection(url="http://given:1"), UrlTarget("http://given:1")),
        (Connection(kube_context="prod"), ClusterTarget("prod", None, None)),
        (Connection(namespace="demo"), ClusterTarget(None, "demo", None)),
        (Connection(service_namespace="darkroom"), ClusterTarget(None, None, "darkroom")),
        (Connection(plugin=True), ClusterTarget()),
        (Connection(token_file=Path("t")), UrlTarget(VARIABLE, TokenFile(Path("t")))),
        (Connection(plugin=True, token_file=Path("t")), ClusterTarget(credential=TokenFile(Path("t")))),
        (Connection(service_account="gate"), ClusterTarget(credential=ServiceAccount("gate"))),
        (Connection(service_account="a/b"), ClusterTarget(credential=ServiceAccount("b", "a"))),
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


def test_the_token_is_that_of_the_option_else_of_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://given:1"
    assert Connection(url=url).target() == UrlTarget(url)
    monkeypatch.setenv(TOKEN_FILE_VARIABLE, "file")
    assert Connection(url=url).target() == UrlTarget(url, TokenFile(Path("file")))
    monkeypatch.setenv(TOKEN_VARIABLE, "abc")
    assert Connection(url=url).target() == UrlTarget(url, GivenToken("abc", "the variable DARKROOM_TOKEN"))
    assert Connection(url=url, token_file=Path("t")).target() == UrlTarget(url, TokenFile(Path("t")))


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        (Connection(url="http://given:1", service_account="gate"), "--url and --service-account name two services"),
        (Connection(service_account="a", token_file=Path("t")), "--token-file and --service-account name two tokens"),
        (Connection(service_account="a/b/c"), r"write it as \[NAMESPACE/\]NAME"),
        (Connection(service_account="a/"), r"write it as \[NAMESPACE/\]NAME"),
        (Connection(token_audience="other"), "--token-audience is for the tokens of --service-account"),
    ],
)
def test_options_of_tokens_that_contradict_each_other_are_refused(connection: Connection, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        connection.target()
