"""Unpacking the tar archives of an artifact."""

import gzip
import tarfile
import zlib
from pathlib import Path
from typing import Final, cast

from darkroom_vision.sources.failures import Refused
from darkroom_vision.sources.oci.manifest import checked_path

_BLOCK_BYTES: Final = 1 << 20
_MOST_FILES: Final = 10_000


def unpack(archive: Path, compression: str, folder: Path, max_bytes: int) -> list[str]:
    """Write the files of a tar archive to `folder`. Returns their paths in it. Links and devices are left out.

    Args:
        archive: the archive.
        compression: "" or "gz".
        folder: where to write to.
        max_bytes: limit for all files together.

    Raises:
        Refused: it is not such an archive, has a path outside it, or is too large.
    """
    if compression not in {"", "gz"}:
        raise Refused(f"its layer is compressed with {compression}, which is not supported: push it uncompressed")
    paths: list[str] = []
    total = 0
    try:
        with tarfile.open(archive, "r:gz" if compression else "r:") as tar:
            for member in tar:
                if not member.isfile():
                    continue
                total += member.size
                if total > max_bytes or len(paths) == _MOST_FILES:
                    raise Refused(f"its files have more than {max_bytes:,} bytes, or are more than {_MOST_FILES:,}")
                path = checked_path(member.name)
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    content = cast("tarfile.ExFileObject", tar.extractfile(member))
                    while block := content.read(_BLOCK_BYTES):
                        file.write(block)
                paths.append(path)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise Refused(
            f"its layer is not a tar archive{' compressed with gzip' if compression else ''}: {error}"
        ) from error
    return paths
