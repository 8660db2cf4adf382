"""What to do when the ingestion service refuses a request for lack of a token (401) or of rights (403). Pure."""

import base64
import binascii
import json
import re
from http import HTTPStatus

import httpx

_ACCOUNT = re.compile(r"system:serviceaccount:(?P<namespace>[^:]+):(?P<name>[^:]+)")
_PIPELINE = re.compile(r"/v1/pipelines/(?P<namespace>[^/]+)/(?P<name>[^/]+)(?P<rest>/.*)?")
_AUDIENCE = "--audience darkroom"


def advice(status: int, request: httpx.Request) -> str | None:
    """A sentence with the command that helps; None if `status` is neither 401 nor 403."""
    if status == HTTPStatus.UNAUTHORIZED:
        return _on_unauthenticated(request)
    if status == HTTPStatus.FORBIDDEN:
        return _on_forbidden(request)
    return None


def subject(authorization: str) -> str | None:
    """The name in a JSON web token (its claim `sub`), which is not verified here; None for other tokens."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 7519: header, claims, signature
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        name = claims["sub"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) and name.isprintable() else None


def role(method: str, rest: str) -> str:
    """The last part of the name of the ClusterRole that allows a request. `rest` is the path below the pipeline."""
    if "/dead-letters" in rest and method not in {"GET", "HEAD"}:
        return "admin"
    if rest.startswith("/images") and method == "POST":
        return "submitter"
    return "viewer"


def _on_unauthenticated(request: httpx.Request) -> str:
    sent = request.headers.get("Authorization")
    if sent is None:
        return (
            "give a token with --token-file, DARKROOM_TOKEN_FILE or DARKROOM_TOKEN; in a cluster, use "
            f"--service-account [NAMESPACE/]NAME, or make one with `kubectl create token NAME -n NAMESPACE {_AUDIENCE}`"
        )
    account = _ACCOUNT.fullmatch(subject(sent) or "")
    if account is None:
        return "check that it is the token for this service, and that it has not expired"
    return f"make a new one with `kubectl create token {account['name']} -n {account['namespace']} {_AUDIENCE}`"


def _on_forbidden(request: httpx.Request) -> str:
    pipeline = _PIPELINE.fullmatch(request.url.path)
    if pipeline is None:
        return "ask an administrator of the service for the right"
    name = subject(request.headers.get("Authorization", ""))
    namespace = pipeline["namespace"]
    if name is None:
        return f"ask an administrator of the service for rights on pipeline {namespace}/{pipeline['name']}"
    wanted = role(request.method, pipeline["rest"] or "")
    account = _ACCOUNT.fullmatch(name)
    short = account["name"] if account else "NAME"
    to = f"--serviceaccount {account['namespace']}:{account['name']}" if account else f"--user {name}"
    return (
        f"an administrator of namespace {namespace} grants it with `kubectl create rolebinding {short}-{wanted} "
        f"-n {namespace} --clusterrole darkroom-{wanted} {to}`"
    )
