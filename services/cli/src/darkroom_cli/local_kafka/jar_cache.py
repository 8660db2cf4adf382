"""The user's cache of Kafka's jars, filled when a jar is missing or damaged."""

from pathlib import Path

import platformdirs

from darkroom.errors import DarkroomError
from darkroom.files.file_lock import locked
from darkroom_cli.local_kafka.jars import KAFKA_VERSION, Jar, pinned_jars

_DOWNLOAD_DEADLINE_S = 900.0


def cache_folder() -> Path:
    """The folder of the jars in the user's cache folder, shared by all checkouts and processes."""
    return platformdirs.user_cache_path("darkroom") / f"kafka-{KAFKA_VERSION}"


def ensure_jars(folder: Path | None = None, jars: tuple[Jar, ...] | None = None) -> tuple[Path, ...]:
    """The paths of the jars. Downloads missing and damaged ones. Safe to call from several processes.

    Args:
        folder: Folder of the jars; None for the user's cache.
        jars: The jars; None for Kafka and its dependencies.

    Raises:
        DarkroomError: Maven Central can't be reached, or the folder can't be written.
    """
    folder = folder or cache_folder()
    jars = jars or pinned_jars()
    try:
        if _missing(jars, folder):
            folder.mkdir(parents=True, exist_ok=True)
            with locked(folder / "lock", _DOWNLOAD_DEADLINE_S):
                _download(_missing(jars, folder), folder)
    except OSError as error:
        raise DarkroomError(
            f"cannot use the cache folder {folder}: {error.strerror or error}: "
            "make it writable, or choose another one with XDG_CACHE_HOME"
        ) from error
    return tuple(folder / jar.filename for jar in jars)


def _missing(jars: tuple[Jar, ...], folder: Path) -> tuple[Jar, ...]:
    return tuple(jar for jar in jars if not jar.is_at(folder / jar.filename))


def _download(jars: tuple[Jar, ...], folder: Path) -> None:
    if jars:
        # jgo and its HTTP stack take 0.4 s to import, and are needed only at the first start on a machine.
        from darkroom_cli.local_kafka.download import download  # noqa: PLC0415

        download(jars, folder)
