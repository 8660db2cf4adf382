"""What a step of a reconciliation found: whether its part is as it should be and, if not, what a person can do."""

from dataclasses import dataclass

from darkroom_operator.kube.errors import ApiError


@dataclass(frozen=True)
class Finding:
    """One condition's worth of truth.

    Attributes:
        ready: whether this part is as it should be.
        reason: why, in a word of CamelCase.
        message: why, in a sentence, and what to do.
        retry: whether to look again after a while, because no event will tell.
    """

    ready: bool
    reason: str
    message: str = ""
    retry: bool = False


def refused(what: str, error: ApiError) -> Finding:
    """The API server does not let us write `what`."""
    reason = "QuotaExceeded" if "exceeded quota" in error.message else error.reason
    return Finding(ready=False, reason=reason, message=f"{what}: {error.message}", retry=True)


def worst(findings: list[Finding], good: Finding) -> Finding:
    """The first finding that is not ready, with a word on how many more there are; `good` if there is none."""
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
