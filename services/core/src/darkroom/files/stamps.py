"""Whether files have changed."""

from pathlib import Path

Stamp = tuple[tuple[int, int, int], ...]


def stamp_of(*files: Path) -> Stamp | None:
    """A value that differs after the content of one of the files has changed; None if one of them can't be read."""
    try:
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in (file.stat() for file in files))
    except OSError:
        return None
