"""The client's decisions: how long to wait, what a feed says, which files are images."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_cli.client.image_files import content_type, image_files, save_image
from darkroom_cli.client.retries import delay_s, retry_after_s
from darkroom_cli.client.server_sent_events import ServerSentEvent, events
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.views.results import outcome

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Mon, 23 Nov 2026 12:00:05 GMT", 5.0),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": value}, NOON) == seconds
    assert retry_after_s({}, NOON) is None


@given(st.integers(1, 100), st.floats(0, 60), st.floats(0, 1))
def test_what_the_service_asks_for_is_kept(attempt: int, asked_for_s: float, chance: float) -> None:
    assert delay_s(attempt, asked_for_s, chance) >= asked_for_s
    assert 0 < delay_s(attempt, None, chance) <= 10


def test_a_feed_is_read_as_the_standard_says() -> None:
    stream = [
        ": hello",
        "",
        "id: 7",
        "event: analyzed",
        'data: {"a":',
        "data:1}",
        "",
        "data: x",
        "",
        "data: unfinished",
    ]
    assert list(events(stream)) == [
        ServerSentEvent("analyzed", '{"a":\n1}', "7"),
        ServerSentEvent("message", "x", "7"),
    ]


def test_a_folder_is_searched_for_images_and_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png", "deep/er/c.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = image_files([tmp_path, tmp_path / "notes.txt", tmp_path / "a.png"])
    assert [str(file.relative_to(tmp_path)) for file in found] == ["a.png", "b.JPG", "deep/er/c.webp", "notes.txt"]


def test_a_path_that_is_not_there_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"gone\.png: there is no such file"):
        image_files([tmp_path, tmp_path / "gone.png"])
    with pytest.raises(InvalidInput, match="no image files"):
        image_files([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.png", b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        ("a", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("a.jpg", b"hello", "image/jpeg"),
        ("a", b"hello", "application/octet-stream"),
    ],
)
def test_the_media_type_is_what_the_content_says_else_what_the_name_says(
    name: str, content: bytes, media_type: str
) -> None:
    assert content_type(Path(name), content) == media_type


def test_a_saved_image_stays_in_its_folder_whatever_its_id(tmp_path: Path) -> None:
    path = save_image(b"x", "../../etc/passwd", "image/png", tmp_path)
    assert path.parent == tmp_path
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"predictions": [{"label": "three", "score": 0.98765}]}, "three 0.988"),
        ({"predictions": []}, "nothing above the threshold"),
        ({"embedding": [0.0] * 32}, "embedding of 32"),
        ({"tensor": {"name": "y", "dtype": "float32", "shape": [1, 10]}}, "y float32 1x10"),
        ({"reason": "DecodeError", "message": "not a JPEG"}, "DecodeError: not a JPEG"),
    ],
)
def test_an_outcome_is_a_few_words(result: dict[str, object], words: str) -> None:
    assert outcome(result) == words
