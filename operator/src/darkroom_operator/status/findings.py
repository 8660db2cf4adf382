"""Findings: the outcome of a step of a reconciliation, and what the user can do about it."""

from dataclasses import dataclass

from darkroom_operator.kube.errors import ApiError


@dataclass(frozen=True)
class Finding:
    """The content of one condition.

    Attributes:
        ready: whether this part of the pipeline is in its desired state.
        reason: why, in CamelCase.
        message: why, as a sentence, and what to do.
        retry: whether to check again after a back-off, because no watch reports a change.
    """

    ready: bool
    reason: str
    message: str = ""
    retry: bool = False


def refused(what: str, error: ApiError) -> Finding:
    """The finding for `what`, which the API server refused to write."""
    reason = "QuotaExceeded" if "exceeded quota" in error.message else error.reason
    return Finding(ready=False, reason=reason, message=f"{what}: {error.message}", retry=True)


def combined(findings: list[Finding], good: Finding) -> Finding:
    """The first finding that is not ready, with the number of the others; `good` if all are ready."""
    bad = [finding for finding in findings if not finding.ready]
    if not bad:
        return good
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return Finding(
        ready=False,
        reason=bad[0].reason,
        message=f"{bad[0].message}{more}",
        retry=any(finding.retry for finding in bad),
    )
