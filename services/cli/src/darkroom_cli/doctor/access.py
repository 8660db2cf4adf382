"""Checks the token of a caller: whether the ingestion service accepts it, and the rights that it gives."""

from collections.abc import Sequence
from http import HTTPStatus

from darkroom.errors import DarkroomError
from darkroom_cli.client.service import Document, Refused, Service
from darkroom_cli.doctor.finding import Finding

_SESSION = "/v1/session"
_RIGHTS = ("Submit", "Read", "ReadDeadLetters", "Redrive")


def check_access(service: Service, pipelines: Sequence[str]) -> list[Finding]:
    """Check access to the service, and to pipelines (NAMESPACE/NAME)."""
    try:
        session: Document = service.get(_SESSION).json()
        found = [caller_finding(session)]
        if session["access"] != "none":
            asked = ((name, service.get(_SESSION, {"pipeline": name}).json()) for name in pipelines)
            found += [rights_finding(name, answer["rights"]) for name, answer in asked]
    except Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return [Finding("access", "Skipped", "the service is older than access control", "upgrade it")]
        return [Finding("access", "Problem", str(refused), "`darkroom doctor` with that token checks its rights")]
    except (DarkroomError, ValueError, KeyError, TypeError) as error:
        return [Finding("access", "Problem", str(error), "check the address of the service")]
    return found


def caller_finding(session: Document) -> Finding:
    """Who the service takes the caller for."""
    if session["access"] == "none":
        return Finding("access", "Ok", "the service needs no token")
    until = f", until {session['expiresAt']}" if session.get("expiresAt") else ""
    return Finding("access", "Ok", f"the service accepts the token of {session['name']} ({session['method']}){until}")


def rights_finding(pipeline: str, rights: Sequence[str]) -> Finding:
    """What the caller may do with a pipeline."""
    check = f"access to {pipeline}"
    if rights:
        shown = ", ".join(right for right in _RIGHTS if right in rights)
        return Finding(check, "Ok", shown)
    return Finding(
        check,
        "Warning",
        "none of the rights " + ", ".join(_RIGHTS),
        "ask for one of the ClusterRoles darkroom-viewer, darkroom-submitter and darkroom-admin in its namespace",
    )
