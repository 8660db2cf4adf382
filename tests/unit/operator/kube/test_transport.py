"""Responses of the API server become objects or errors."""

import pytest

from darkroom_operator.kube.errors import ApiError
from darkroom_operator.kube.transport import parse_response


def test_an_object_is_returned() -> None:
    assert parse_response(201, b'{"kind": "Pod"}', None) == {"kind": "Pod"}


@pytest.mark.parametrize("body", [b"<html>a login page</html>", b"[]", b""])
def test_a_success_without_an_object_is_an_error_that_may_pass(body: bytes) -> None:
    with pytest.raises(ApiError, match="did not send JSON") as raised:
        parse_response(200, body, None)
    assert raised.value.is_transient


@pytest.mark.parametrize(
    ("body", "message"),
    [(b'{"message": "no", "reason": "Forbidden"}', "no"), (b"plain text", "plain text"), (b"", "HTTP status 403")],
)
def test_a_refusal_has_the_message_of_the_server(body: bytes, message: str) -> None:
    with pytest.raises(ApiError) as raised:
        parse_response(403, body, "7")
    assert (raised.value.status, raised.value.message, raised.value.retry_after_s) == (403, message, 7.0)
