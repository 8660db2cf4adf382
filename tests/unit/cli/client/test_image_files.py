"""The files to send, their media types, and the paths of saved images."""

from pathlib import Path

import pytest

from darkroom_cli.client.image_files import content_type, image_files, save_image
from darkroom_cli.exit_codes import InvalidInput


def test_a_folder_is_searched_for_images_and_a_file_is_used_unchanged(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png", "deep/er/c.webp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = image_files([tmp_path, tmp_path / "notes.txt", tmp_path / "a.png"])
    assert [str(file.relative_to(tmp_path)) for file in found] == ["a.png", "b.JPG", "deep/er/c.webp", "notes.txt"]


def test_a_missing_path_is_reported_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"gone\.png: there is no such file"):
        image_files([tmp_path, tmp_path / "gone.png"])
    with pytest.raises(InvalidInput, match="no image files"):
        image_files([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.png", b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        ("a", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("a.jpg", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "image/heic"),
        ("a.jpg", b"hello", "image/jpeg"),
        ("a", b"hello", "application/octet-stream"),
    ],
)
def test_the_media_type_is_that_of_the_content_else_of_the_name(name: str, content: bytes, media_type: str) -> None:
    assert content_type(Path(name), content) == media_type


def test_a_saved_image_stays_in_its_folder_for_any_id(tmp_path: Path) -> None:
    path = save_image(b"x", "../../etc/passwd", "image/png", tmp_path)
    assert path.parent == tmp_path
    assert path.read_bytes() == b"x"
