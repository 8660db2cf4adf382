"""Which requests are in the audit log."""

import pytest

from darkroom_ingestion.audit.actions import Asked, asked, event_of

PIPELINE = "/v1/pipelines/demo/digits"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", f"{PIPELINE}/images", Asked("Submit", "demo/digits", {})),
        ("POST", f"{PIPELINE}/images/i1/analyze", Asked("Replay", "demo/digits", {"image": "i1"})),
        ("GET", f"{PIPELINE}/images/i1/content", Asked("Read", "demo/digits", {"image": "i1"})),
        ("GET", f"{PIPELINE}/images/i1/thumbnail", Asked("Read", "demo/digits", {"image": "i1"})),
        ("GET", f"{PIPELINE}/export", Asked("Read", "demo/digits", {})),
        ("GET", f"{PIPELINE}/dead-letters/s/0/7/content", Asked("Read", "demo/digits", {"deadLetter": "s/0/7"})),
        ("POST", f"{PIPELINE}/dead-letters/redrive", Asked("Redrive", "demo/digits", {})),
        ("POST", f"{PIPELINE}/dead-letters/redrives", Asked("Redrive", "demo/digits", {})),
        ("DELETE", f"{PIPELINE}/dead-letters/redrives/r1", Asked("Redrive", "demo/digits", {"redrive": "r1"})),
        ("POST", "/v1/session", Asked("Login", None, {})),
        ("GET", "/v1/session/callback", Asked("Login", None, {})),
        ("DELETE", "/v1/session", Asked("Logout", None, {})),
        ("GET", f"{PIPELINE}/images", Asked(None, "demo/digits", {})),
        ("HEAD", f"{PIPELINE}/images/i1/content", Asked(None, "demo/digits", {})),
        ("GET", PIPELINE, Asked(None, "demo/digits", {})),
        ("GET", "/v1/pipelines", Asked(None, None, {})),
    ],
)
def test_what_a_request_asks_for(method: str, path: str, expected: Asked) -> None:
    assert asked(method, path) == expected


def test_the_question_who_is_signed_in_is_not_audited() -> None:
    assert asked("GET", "/v1/session") is None


@pytest.mark.parametrize("status", [401, 403, 429])
def test_every_refused_request_is_in_the_audit_log(status: int) -> None:
    assert event_of(None, status) == event_of("Read", status) == "Refused"


def test_other_requests_are_in_it_whatever_their_outcome_if_they_have_an_action() -> None:
    assert event_of("Submit", 202) == event_of("Submit", 503) == "Submit"
    assert event_of(None, 200) is None
