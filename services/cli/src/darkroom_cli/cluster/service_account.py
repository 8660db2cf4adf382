"""Short-lived tokens of a service account, from the TokenRequest API with the rights of the kubeconfig."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kubernetes.client import AuthenticationV1TokenRequest, V1TokenRequestSpec
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from darkroom_cli.cluster.kubeconfig import REQUEST_TIMEOUT_S, problem_of
from darkroom_cli.exit_codes import InvalidInput

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api  # takes half a second to import

LIFETIME_S = 600
"""The shortest lifetime that the API server accepts."""
_RENEWED_AFTER = 0.7
_NOT_FOUND = 404


class ServiceAccountTokens:
    """A token of a service account for one audience, renewed before it expires. May be shared by threads."""

    def __init__(
        self,
        core: "CoreV1Api",
        namespace: str,
        name: str,
        audience: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Sends nothing yet. `now` returns the time in seconds since 1970."""
        self._core = core
        self._namespace = namespace
        self._name = name
        self._audience = audience
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def token(self) -> str:
        """The current token; a new one after most of its lifetime.

        Raises:
            InvalidInput: there is no such service account.
            NotAllowed: the user may not make tokens for it.
            Unreachable: the API server does not respond.
        """
        with self._lock:
            if self._now() >= self._renew_at:
                self._renew()
            return self._token

    def _renew(self) -> None:
        wanted = AuthenticationV1TokenRequest(
            spec=V1TokenRequestSpec(audiences=[self._audience], expiration_seconds=LIFETIME_S)
        )
        asked_at = self._now()
        try:
            answer: Any = self._core.create_namespaced_service_account_token(
                self._name, self._namespace, wanted, _request_timeout=REQUEST_TIMEOUT_S
            )
        except (ApiException, HTTPError) as error:
            if isinstance(error, ApiException) and error.status == _NOT_FOUND:
                raise InvalidInput(
                    f"namespace {self._namespace} has no service account {self._name}: `kubectl create serviceaccount "
                    f"{self._name} -n {self._namespace}` makes one; name another with --service-account NAMESPACE/NAME"
                ) from None
            what = f"make tokens for service account {self._namespace}/{self._name}"
            advice = "ask for the right to create serviceaccounts/token there, or give a token with --token-file"
            raise problem_of(self._core.api_client, error, what, advice) from error
        self._token = answer.status.token
        self._renew_at = asked_at + _RENEWED_AFTER * _seconds_left(answer.status.expiration_timestamp, asked_at)


def _seconds_left(expires_at: datetime, now: float) -> float:
    """The lifetime of a token, but not longer than asked for: the clocks of the machines may differ."""
    return max(0.0, min(LIFETIME_S, expires_at.astimezone(UTC).timestamp() - now))
