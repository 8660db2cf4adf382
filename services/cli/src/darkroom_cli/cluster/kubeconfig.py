"""The user's kubeconfig: the API server and the credentials of a context."""

import logging

from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, kube_config
from urllib3.exceptions import HTTPError

from darkroom.errors import DarkroomError
from darkroom_cli.exit_codes import InvalidInput, Unreachable

_DENIED = {401, 403}
REQUEST_TIMEOUT_S = 10.0


class NotAllowed(DarkroomError):
    """The API server refused a request."""


def api_client(context: str | None) -> ApiClient:
    """A client of the API server of `context`; of the current context if it is None. Sends nothing yet.

    Raises:
        InvalidInput: there is no kubeconfig, it is invalid, or it has no such context.
    """
    # Its warnings about temporary problems would be printed between those of the command.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    configuration = Configuration()
    configuration.retries = False
    try:
        kube_config.load_kube_config(context=context, client_configuration=configuration)
    except (ConfigException, OSError, ValueError) as error:
        wanted = "" if context is None else f", context {context}"
        raise InvalidInput(
            f"kubeconfig{wanted}: {str(error).rstrip('.')}: check ~/.kube/config or $KUBECONFIG with "
            "`kubectl config get-contexts`, or give the address of a service with --url"
        ) from error
    return ApiClient(configuration)


def problem_of(client: ApiClient, error: ApiException | HTTPError, what: str, advice: str) -> DarkroomError:
    """The error to show for a failed request.

    Args:
        client: the client that sent it.
        error: what it raised.
        what: what was asked for, as `list pods`.
        advice: what to do if the user may not do that.
    """
    server = client.configuration.host
    if isinstance(error, HTTPError):
        # The last part of the message, without the names of the client's classes.
        reason = str(error).removesuffix(")").rpartition("] ")[2]
        return Unreachable(f"the API server {server} does not respond ({reason}): check the context, VPN and proxy")
    if error.status in _DENIED:
        return NotAllowed(f"the API server {server} does not let you {what} ({error.reason}): {advice}")
    return Unreachable(f"the API server {server} can't {what}: {error.status} {error.reason}")
