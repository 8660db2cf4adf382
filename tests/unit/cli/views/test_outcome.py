"""The answer of a stage in one line."""

from darkroom_cli.views.outcome import outcome


def test_a_failure_is_its_reason_and_a_result_its_summary() -> None:
    assert outcome({"reason": "DecodeError", "message": "not a JPEG"}) == "DecodeError: not a JPEG"
    assert outcome({"predictions": [{"label": "three", "score": 0.98765}]}) == "three 0.988"
