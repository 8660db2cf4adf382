"""Image files: found in folders, identified by content, and saved."""

import mimetypes
from collections.abc import Sequence
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom.image_header import MEDIA_TYPES, detect_format
from darkroom_cli.exit_codes import InvalidInput

SUFFIXES = {
    *(".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif"),
    *(".jp2", ".j2k", ".pnm", ".pbm", ".pgm", ".ppm"),
}


def image_files(paths: Sequence[Path]) -> list[Path]:
    """The files in `paths`, and the image files below its folders, sorted by name.

    Raises:
        InvalidInput: a path does not exist, or there is nothing to send.
    """
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise InvalidInput("\n".join(f"{path}: there is no such file or folder" for path in missing))
    files = [file for path in paths for file in (_below(path) if path.is_dir() else [path])]
    if not files:
        raise InvalidInput(
            f"no image files in {', '.join(map(str, paths))}: looked for names ending in {', '.join(sorted(SUFFIXES))}"
        )
    return list(dict.fromkeys(files))


def content_type(file: Path, content: bytes) -> str:
    """The media type according to the content, else to the file's name."""
    if found := detect_format(content):
        return MEDIA_TYPES[found]
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


def save_image(content: bytes, image_id: str, media_type: str | None, output: Path | None) -> Path:
    """Write an image to the file `output`, or to a file named after its id in that folder or the current one.

    Raises:
        DarkroomError: the file can't be written.
    """
    # The client chose the id, so it may hold characters that are unsafe in a file name.
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in image_id).lstrip(".") or "image"
    named = name + (mimetypes.guess_extension(media_type or "") or ".bin")
    path = Path(named) if output is None else output / named if output.is_dir() else output
    try:
        path.write_bytes(content)
    except OSError as error:
        raise DarkroomError(f"{path} can't be written: {error.strerror}") from error
    return path


def _below(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
