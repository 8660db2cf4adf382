"""The content of dead letters."""

from dataclasses import replace
from datetime import UTC, datetime

from darkroom_inference.records.dead_letter import dead_letter
from tests.support.services.image_records import example_image, example_settings


def test_the_dead_letter_of_an_old_image_is_as_young_as_its_failure() -> None:
    began = datetime.now(UTC).timestamp()
    letter = dead_letter(example_image(), example_settings(), "DecodeError", "cut off")
    assert letter.timestamp_ms is not None
    assert began * 1000 - 1 <= letter.timestamp_ms <= datetime.now(UTC).timestamp() * 1000 + 1
    headers = dict(letter.headers)
    assert headers["darkroom-error-source-timestamp"] == b"1970-01-01T00:00:01.000Z"
    failed_at = datetime.fromisoformat((headers["darkroom-error-failed-at"] or b"").decode())
    assert abs(failed_at.timestamp() * 1000 - letter.timestamp_ms) <= 1
    assert letter.image_timestamp_ms == 1_000


def test_an_image_without_a_timestamp_has_no_header_for_it() -> None:
    letter = dead_letter(replace(example_image(), timestamp_ms=None), example_settings(), "DecodeError", "cut off")
    assert "darkroom-error-source-timestamp" not in dict(letter.headers)


def test_the_headers_of_an_earlier_failure_are_replaced() -> None:
    earlier = {"darkroom-error-reason": "TooLarge", "darkroom-error-source-timestamp": "2020-01-01T00:00:00.000Z"}
    letter = dead_letter(example_image(**earlier), example_settings(), "DecodeError", "cut off")
    names = [name for name, _ in letter.headers]
    assert len(names) == len(set(names))
    assert dict(letter.headers)["darkroom-error-reason"] == b"DecodeError"
