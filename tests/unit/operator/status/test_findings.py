"""Several findings become one, and refused writes become findings."""

from darkroom_operator.kube.errors import ApiError
from darkroom_operator.status.findings import Finding, combined, refused

GOOD = Finding(ready=True, reason="AllReady")


def test_the_first_problem_is_reported_with_the_number_of_others() -> None:
    bad = [Finding(ready=False, reason=r, message=r) for r in ("First", "Second")]
    assert combined([GOOD, *bad], GOOD) == Finding(ready=False, reason="First", message="First (and 1 more)")
    assert combined([GOOD, GOOD], GOOD) is GOOD


def test_a_full_quota_is_distinguished_from_other_refusals() -> None:
    quota = ApiError(403, "Forbidden", 'pods "x" is forbidden: exceeded quota: q')
    assert refused("x", quota).reason == "QuotaExceeded"
    assert refused("x", ApiError(403, "Forbidden", "no")).reason == "Forbidden"
