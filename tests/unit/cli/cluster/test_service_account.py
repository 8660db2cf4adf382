"""When a token of a service account is renewed."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException

from darkroom_cli.cluster.kubeconfig import NotAllowed
from darkroom_cli.cluster.service_account import LIFETIME_S, ServiceAccountTokens
from darkroom_cli.exit_codes import InvalidInput


class Issuer:
    """Tokens 1, 2, … and a clock; tests/cluster/test_connection.py uses a real API server."""

    def __init__(self, *, ahead_s: float = 0.0, refused: ApiException | None = None) -> None:
        self.now, self.ahead_s, self.made = 1_000_000.0, ahead_s, 0
        self.asked: list[Any] = []
        self.refused = refused
        self.api_client = ApiClient(Configuration(host="http://127.0.0.1:9"))
        self.tokens = ServiceAccountTokens(self, "cameras", "gate", "darkroom", lambda: self.now)

    def create_namespaced_service_account_token(self, name: str, namespace: str, wanted: Any, **_: object) -> Any:
        if self.refused is not None:
            raise self.refused
        self.asked.append((namespace, name, wanted.spec.audiences))
        self.made += 1
        expires_at = datetime.fromtimestamp(self.now + self.ahead_s + LIFETIME_S, UTC)
        return SimpleNamespace(status=SimpleNamespace(token=str(self.made), expiration_timestamp=expires_at))


def test_a_token_is_used_again_and_renewed_well_before_it_expires() -> None:
    issuer = Issuer()
    assert [issuer.tokens.token(), issuer.tokens.token()] == ["1", "1"]
    issuer.now += LIFETIME_S * 0.69
    assert issuer.tokens.token() == "1"
    issuer.now += LIFETIME_S * 0.02
    assert issuer.tokens.token() == "2"
    assert issuer.asked == [("cameras", "gate", ["darkroom"])] * 2


def test_a_server_whose_clock_is_ahead_does_not_delay_it() -> None:
    issuer = Issuer(ahead_s=3_600)
    issuer.tokens.token()
    issuer.now += LIFETIME_S * 0.71
    assert issuer.tokens.token() == "2"


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (404, InvalidInput, "namespace cameras has no service account gate: `kubectl create serviceaccount gate"),
        (403, NotAllowed, "does not let you make tokens for service account cameras/gate .* serviceaccounts/token"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, error: type[Exception], message: str) -> None:
    issuer = Issuer(refused=ApiException(status=status, reason="Refused"))
    with pytest.raises(error, match=message):
        issuer.tokens.token()
