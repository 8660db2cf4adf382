"""The choice of a pipeline by a caller whose list does not show it."""

import httpx
import pytest

from darkroom_cli.client.pipelines import Served, choose
from darkroom_cli.client.service import Route, Service
from darkroom_cli.client.tokens import GivenToken
from darkroom_cli.exit_codes import InvalidInput


def service(*, token: bool, namespace: str | None = None) -> Service:
    """A service whose list is empty."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"pipelines": [], "unserved": []}))
    route = Route("the service", transport, "start it")
    tokens = GivenToken("t", "the variable X") if token else None
    return Service("http://127.0.0.1:1", namespace=namespace, route=route, tokens=tokens)


def test_a_full_name_is_enough_for_a_caller_with_a_token() -> None:
    assert choose(service(token=True), "demo/digits") == Served("demo", "digits")
    assert choose(service(token=True, namespace="demo"), "digits") == Served("demo", "digits")


@pytest.mark.parametrize("wanted", ["../etc", "demo/..", "demo/digits/images", "Demo/x", "other/digits"])
def test_what_is_no_name_of_a_pipeline_of_the_namespace_is_refused(wanted: str) -> None:
    with pytest.raises(InvalidInput, match="serves no pipeline of namespace demo that this token may read"):
        choose(service(token=True, namespace="demo"), wanted)


def test_without_a_token_the_list_is_complete() -> None:
    with pytest.raises(InvalidInput, match="the service serves no pipeline yet"):
        choose(service(token=False), "demo/digits")
